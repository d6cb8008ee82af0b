"""The e-mail bridge: texts from mails, and mails from texts. Needs the extra ``mail``. Off without ``[mail]``.

``reading`` (with ``markup`` and ``replies``) turns a mail into a text, ``writing`` turns an event into a mail, and
``addresses`` knows both kinds of addresses: these are pure. ``session`` holds the SMTP server and ``outbox`` the SMTP
client; no other module imports their libraries. ``intake`` submits, ``bridge`` puts them together.
"""
