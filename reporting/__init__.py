"""A page that shows the marts of `dbt/`: one HTML file, which sends no request.

See docs/report.md.

`database` and `queries` read the marts, `figures` makes the page's data of their rows, `page` makes
the HTML. The scripts in `assets/` sum up the rows of the chosen queue and medium, and draw.
"""
