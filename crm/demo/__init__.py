"""The demo: Quayside, a company that sells shipment software, and eighteen months with its customers.

`names` and `cast` say who takes part, `story` what the customers do each day, `people` what our people do in answer,
`fill` plays it through the public doors with the clock it is given. Health, tasks and invoices come from the engine.
"""
