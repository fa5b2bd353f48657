"""Forms of the frame: what a person sets for themselves."""

from zoneinfo import available_timezones

from django import forms

from crm.models import User


class ThemeForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["theme"]


class PreferencesForm(forms.ModelForm):
    zone = forms.CharField(
        label="Time zone",
        help_text="Times are shown in this zone, for example Europe/Oslo.",
        widget=forms.TextInput(attrs={"list": "zones"}),
    )
    single_keys = forms.BooleanField(label="Single-key shortcuts", required=False, help_text="Ctrl+K or Cmd+K works either way.")

    class Meta:
        model = User
        fields = ["first_name", "last_name", "zone", "theme", "single_keys", "daily_limit"]
        labels = {"daily_limit": "Tasks in My day at most"}

    @property
    def zones(self) -> list[str]:
        return sorted(available_timezones())

    def clean_zone(self) -> str:
        zone = self.cleaned_data["zone"]
        if zone not in available_timezones():
            raise forms.ValidationError("This time zone is not known. Write it as Europe/Oslo.")
        return zone
