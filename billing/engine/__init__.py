"""Arithmetic of billing: frozen facts in, frozen results out.

Nothing in this package imports Django, reads a clock or touches a database, so a preview,
a repeated run and a late run are the same call. Money is integer minor units; unit prices
are `Decimal` minor units; everything between is `Fraction`, rounded once per line.

`facts` the shapes, `schedule` periods, `pricing` models, `proration` parts of periods,
`invoicing` which lines are missing, `credits` totals, `mrr` recurring revenue.
"""
