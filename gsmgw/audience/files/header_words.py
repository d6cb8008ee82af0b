"""Names of columns in the address books of other programs, English and German.

Facts about the exports of Google Contacts (old and new form), Outlook, Thunderbird, Apple (by converters), Android
programs and shop software; collected from the headers that these programs write. A name is compared without case,
without other characters than letters, and without the number in it: ``Phone 1 - Value`` is ``phonevalue``.
"""

from __future__ import annotations

import re

from gsmgw.model.contacts import fold

_NOISE = re.compile(r"[\W0-9_]+")


def plain(name: str) -> str:
    """Return the name of a column in the form of the words here."""
    return _NOISE.sub("", fold(name))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Numbers, best first: a text reaches a mobile phone.
MOBILE = _words(
    """
    mobile mobilephone mobilenumber mobilephonenumber cell cellphone cellphonenumber handy handynummer handynr mobil
    mobiltelefon mobilnummer mobilfunk mobilfunknummer mobiltelefonnummer smsnumber sms smartphone telefonmobil
    phonemobile telmobil natel
    """
)
PHONE = _words(
    """
    phone phonenumber phonevalue number to recipient telephone telephonenumber tel primaryphone telefon telefonnummer
    telefonnr telnr rufnummer nummer empfänger whatsapp msisdn contactnumber
    """
)
OTHER_PHONE = _words(
    """
    homephone workphone businessphone officephone otherphone companymainphone telefonprivat telefongeschäftlich
    telefonbüro telefonzuhause telefondienstlich telefonarbeit weiterestelefon homenumber worknumber festnetz
    festnetznummer
    """
)
#: Parts of a name by their place in it.
NAME_PARTS = {
    **dict.fromkeys(_words("firstname givenname vorname forename"), 0),
    **dict.fromkeys(_words("middlename additionalname zweitervorname weiterevornamen"), 1),
    **dict.fromkeys(_words("lastname familyname surname nachname familienname"), 2),
}
OTHERS = {
    **dict.fromkeys(
        _words(
            """
            name fullname displayname anzeigename vollständigername namekomplett contactname kontakt kunde kundenname
            ansprechpartner
            """
        ),
        "name",
    ),
    **dict.fromkeys(_words("language lang sprache locale"), "language"),
    **dict.fromkeys(_words("timezone zeitzone tz"), "time_zone"),
    **dict.fromkeys(
        _words(
            """
            group groups groupmembership labels label tags categories category gruppe gruppen kategorie kategorien
            etiketten
            """
        ),
        "groups",
    ),
}
