"""Pages in the browser: live models and runs. Server-rendered; they work without a script.

``site.py`` says what is shown and to whom, ``guard.py`` who may ask, ``app.py`` which address is which page.
``pages/`` holds one page a file, ``reading/`` what they read from disk, ``views.py`` what they show.
"""
