"""What `admin` and `manage` share of being served by Sanic; each plane has its own words for it.

    routes          a table of rows (method, path) as routes of a blueprint
    client          whose request it is, and by which name and scheme the client knows us
    body            a body of one content type, bounded while it arrives
    errors, causes  what a refusal is made of; what another room's or Sanic's error means
    refusal_audit   refused calls in the audit trail, bounded

It knows neither plane, and the data plane does without it. `errors` is free of Sanic: the command
line takes the management plane's schemas, and those refuse with them.
"""
