"""The sample department's pages, as Jinja templates by name: no script, nothing from elsewhere.

They look like no page of Gatehouse on purpose: a department is somebody else's site.
"""

LAYOUT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ heading }} - {{ name }}</title>
<style>
body { margin: 0; font: 1.125rem/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; }
header, footer { background: {{ colour }}; color: #fff; padding: .75rem 1rem; }
header a, footer a { color: #fff; font-weight: 600; }
main { max-width: 46rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; }
main a { color: #17428c; }
a:focus, summary:focus, button:focus { outline: 3px solid #1b1b1b; outline-offset: 2px;
  background: #ffe066; color: #1b1b1b; }
.links li { margin: .5rem 0; }
button { font: inherit; padding: .4rem .8rem; margin: .25rem 0; cursor: pointer; color: #fff;
  background: {{ colour }}; border: 2px solid {{ colour }}; }
table { border-collapse: collapse; width: 100%; font-size: 1rem; table-layout: fixed; }
caption { text-align: left; font-weight: 600; padding: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .4rem .5rem .4rem 0;
  border-bottom: 1px solid #6b6b6b; overflow-wrap: anywhere; }
code { overflow-wrap: anywhere; }
</style>
</head>
<body>
<header><a href="/">{{ name }}</a> (a sample department)</header>
<main>
<h1>{{ heading }}</h1>
{% block main %}{% endblock %}
</main>
<footer>Not a real service. Signs people in through Gatehouse.</footer>
</body>
</html>
"""

START = """{% extends "layout.html" %}
{% set heading = "Signed in: " ~ who(user) if user else "Welcome to " ~ name %}
{% block main %}
{% if user %}
{% for power, words in does.items() %}
<form method="post" action="/do/{{ power }}"><button>{{ words }}</button></form>
{% endfor %}
<ul class="links">
<li><a href="/records">See my records</a></li>
{% if delegation %}<li><a href="/sign-in?act=1">Act for someone else</a></li>
{% for power, words in does.items() %}
<li><a href="/sign-in?act=1&amp;only={{ power }}">For someone else, only: {{ words }}</a></li>
{% endfor %}{% endif %}
<li><a href="/sign-out">Sign out</a></li>
</ul>
<table>
<caption>What {{ name }} was told</caption>
<thead>
<tr><th scope="col">Claim</th><th scope="col">Value</th><th scope="col">From</th></tr>
</thead>
<tbody>
{% for claim, value, source in claims_of(user) %}
<tr><th scope="row">{{ claim }}</th><td>{{ value }}</td><td>{{ source }}</td></tr>
{% endfor %}
</tbody>
</table>
<table>
<caption>What {{ name }} asked (the authorization request)</caption>
<thead><tr><th scope="col">Parameter</th><th scope="col">Value</th></tr></thead>
<tbody>
{% for parameter, value in asked_of(user) %}
<tr><th scope="row">{{ parameter }}</th><td>{{ value }}</td></tr>
{% endfor %}
</tbody>
</table>
<details><summary>The ID token itself</summary>
<p><code>{{ user.token.id_token }}</code></p></details>
{% else %}
<p>You are not signed in.</p>
<ul class="links">
<li><a href="/sign-in">Sign in</a></li>
{% if delegation %}<li><a href="/sign-in?act=1">Sign in to act for someone else</a></li>{% endif %}
</ul>
{% endif %}
{% endblock %}
"""

RECORDS = """{% extends "layout.html" %}
{% set heading = "Records: " ~ who(user) %}
{% block main %}
<p>{{ name }} asked Gatehouse again just now, and the answer was yes.</p>
{% if done %}
<h2>What was done</h2>
<ul>{% for line in done %}<li>{{ line }}</li>{% endfor %}</ul>
{% endif %}
<table>
<caption>What Gatehouse answered</caption>
<thead>
<tr><th scope="col">Claim</th><th scope="col">Value</th><th scope="col">From</th></tr>
</thead>
<tbody>
{% for claim, value, source in claims_of(user) %}
<tr><th scope="row">{{ claim }}</th><td>{{ value }}</td><td>{{ source }}</td></tr>
{% endfor %}
</tbody>
</table>
<ul class="links">
<li><a href="/records">See my records again</a></li>
<li><a href="/">Back to {{ name }}</a></li>
<li><a href="/sign-out">Sign out</a></li>
</ul>
{% endblock %}
"""

DONE = """{% extends "layout.html" %}
{% set heading = "Done: " ~ what %}
{% block main %}
<p>Done by {{ who(user) }}.</p>
{% if reference %}<p>Reference for both of you: <code>{{ reference }}</code></p>{% endif %}
<ul class="links">
<li><a href="/records">See my records</a></li>
<li><a href="/">Back to {{ name }}</a></li>
</ul>
{% endblock %}
"""

NOTICE = """{% extends "layout.html" %}
{% block main %}
<p>{{ (text[:1] | upper ~ text[1:]) if text else "The server gave no reason." }}</p>
{% if error %}
<dl>
<dt>Error</dt><dd><code>{{ error }}</code></dd>
{% if reference %}<dt>Reference</dt><dd><code>{{ reference }}</code></dd>{% endif %}
</dl>
{% endif %}
<ul class="links">
<li><a href="/sign-in">Sign in</a></li>
<li><a href="/">Back to {{ name }}</a></li>
</ul>
{% endblock %}
"""

PAGES = {
    "layout.html": LAYOUT,
    "start.html": START,
    "records.html": RECORDS,
    "done.html": DONE,
    "notice.html": NOTICE,
}
