"""Template tags and filters of the frame: money, dates, bands, icons."""

from django import template

register = template.Library()
