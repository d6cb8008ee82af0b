"""Treatment of messages by the network between the modem's OK and the phone, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hw_sim import Harness, Message, RpError

SUBMIT = "0031000B916407281553F80000AA0AE8329BFD4697D9EC37"
PHONE = "+46708251358"


@pytest.fixture
def harness() -> Iterator[Harness]:
    with Harness() as harness:
        harness.command("ATE0")
        harness.command("AT+CMEE=1")
        harness.command("AT+CNMI=2,1,0,1,0")
        yield harness


def reports(said: bytes) -> list[int]:
    """TP-ST of the status reports in what was said."""
    return [int(line[-2:], 16) for line in said.split(b"\r\n") if len(line) > 40 and line.startswith(b"0791")]


def test_delays_of_delivery_and_report(harness: Harness) -> None:
    rules = harness.sim.network.rules
    rules.delivery_delay_s, rules.report_delay_s = (3.0, 3.0), (2.0, 2.0)
    assert reports(harness.send(SUBMIT)) == []
    harness.wait(2.9)
    assert harness.phone(PHONE).received == []
    harness.wait(0.2)
    assert len(harness.phone(PHONE).received) == 1
    assert reports(harness.wait(1.8)) == []
    assert reports(harness.wait(0.2)) == [0]


def test_reordering(harness: Harness) -> None:
    harness.sim.network.rules.reorder = 0.5
    for number in range(30):
        harness.phone(PHONE).send("+491510000001", f"{number}")
    harness.wait(10)
    texts = [message.text for message in harness.phone("+491510000001").received]
    assert sorted(texts, key=int) == [str(number) for number in range(30)]
    assert texts != sorted(texts, key=int)


def test_parts_out_of_order_are_put_together(harness: Harness) -> None:
    harness.sim.network.rules.reorder = 0.7
    text = "".join(f"part and piece {number}. " for number in range(40))
    harness.sim.send(from_=PHONE, to="+491510000001", text=text)
    harness.sim.send(from_=PHONE, to="modem0", text=text)
    harness.wait(10)
    (message,) = harness.phone("+491510000001").received
    assert (message.text, message.segments) == (text, 5)
    assert len(harness.modem.memories["SM"]) == 5


def test_duplicates_and_losses(harness: Harness) -> None:
    harness.sim.network.rules.duplicate = 1.0
    harness.send(SUBMIT)
    assert len(harness.phone(PHONE).received) == 2
    harness.sim.network.rules.loss = 1.0
    harness.send(SUBMIT)
    assert len(harness.phone(PHONE).received) == 2
    assert len(harness.sim.submits) == 2


def test_deliveries_to_one_recipient_keep_their_distance(harness: Harness) -> None:
    harness.sim.network.set_rules(delivery_gap_s=2)
    for number in range(3):
        harness.sim.send(from_=PHONE, to="modem0", text=f"{number}")
    assert harness.wait(0.1).count(b"+CMTI") == 1
    assert harness.wait(1.8).count(b"+CMTI") == 0
    assert harness.wait(2.2).count(b"+CMTI") == 2


def test_room_for_more_does_not_shorten_the_distance(harness: Harness) -> None:
    harness.sim.network.set_rules(delivery_gap_s=2)
    for number in range(3):
        harness.sim.send(from_=PHONE, to="modem0", text=f"{number}")
    assert harness.wait(0.1).count(b"+CMTI") == 1
    assert harness.command("AT+CMGD=1") == b"\r\nOK\r\n"
    assert harness.command("AT+CMGD=1,4") == b"\r\nOK\r\n"
    assert harness.wait(1.8).count(b"+CMTI") == 0
    assert harness.wait(0.2).count(b"+CMTI") == 1
    assert harness.wait(2.0).count(b"+CMTI") == 1


def test_lost_reports(harness: Harness) -> None:
    harness.sim.network.rules.report_loss = 1.0
    assert reports(harness.send(SUBMIT)) == []
    assert len(harness.phone(PHONE).received) == 1


@pytest.mark.parametrize("status", [0x41, 0x43, 0x63])
def test_failure_causes_are_reported(harness: Harness, status: int) -> None:
    harness.phone(PHONE).status = status
    assert reports(harness.send(SUBMIT)) == [status]
    assert harness.phone(PHONE).received == []


def test_a_temporary_failure_is_tried_again(harness: Harness) -> None:
    harness.phone(PHONE).status = 0x21
    assert reports(harness.send(SUBMIT)) == []
    harness.phone(PHONE).status = 0
    assert reports(harness.wait(61)) == [0]


def test_store_and_forward(harness: Harness) -> None:
    harness.phone(PHONE).switch_off()
    assert reports(harness.send(SUBMIT)) == []
    harness.wait(3600)
    harness.phone(PHONE).switch_on()
    assert reports(harness.wait(0)) == [0]
    assert harness.phone(PHONE).received[0].text == "hellohello"


def test_validity_ends(harness: Harness) -> None:
    harness.phone(PHONE).switch_off()
    harness.send(SUBMIT)  # TP-VP AA: (0xAA - 166) days = 4
    assert reports(harness.wait(4 * 86400 - 10)) == []
    assert reports(harness.wait(20)) == [0x46]
    harness.phone(PHONE).switch_on()
    assert harness.phone(PHONE).received == []


def test_an_outage_refuses_and_holds(harness: Harness) -> None:
    network = harness.sim.network
    network.rules.outage = True
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 38\r\n"
    network.rules.outage = False
    harness.phone(PHONE).switch_off()
    harness.send(SUBMIT)
    network.rules.outage = True
    harness.phone(PHONE).switch_on()
    assert harness.phone(PHONE).received == []
    network.set_rules(outage=False)
    harness.wait(0)
    assert len(harness.phone(PHONE).received) == 1


def test_throttling(harness: Harness) -> None:
    harness.sim.network.rules.per_minute = 3
    said = [harness.send(SUBMIT)[:12] for _ in range(5)]
    assert said[3:] == [b"\r\n+CMS ERROR"] * 2
    harness.wait(61)
    assert b"+CMGS" in harness.send(SUBMIT)


def test_credit_runs_out_and_ussd_knows(harness: Harness) -> None:
    harness.sim.network.rules.price = 0.09
    harness.modem.card.credit = 0.20
    assert [b"+CMGS" in harness.send(SUBMIT) for _ in range(3)] == [True, True, False]
    assert b"Balance: 0.02 EUR" in harness.command('AT+CUSD=1,"*100#"')


def test_numbers_that_are_refused_and_senders_that_are_barred(harness: Harness) -> None:
    rules = harness.sim.network.rules
    rules.refused[PHONE] = 1
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 1\r\n"
    rules.refused.clear()
    rules.barred[harness.modem.number] = 8
    assert harness.send(SUBMIT) == b"\r\n+CMS ERROR: 8\r\n"


def test_unassigned_numbers(harness: Harness) -> None:
    harness.sim.network.make_subscriber = None
    assert reports(harness.send(SUBMIT)) == [0x41]


def test_modems_text_each_other(harness: Harness) -> None:
    other = harness.add(name="modem1", number="+46708251358")
    assert reports(harness.send(SUBMIT)) == [0]
    assert len(other.memories["SM"]) == 1


def test_national_numbers_reach_the_same_phone(harness: Harness) -> None:
    harness.phone(PHONE).send("015112345678", "national")
    harness.phone(PHONE).send("004915112345678", "prefixed")
    harness.wait(0)
    assert len(harness.phone("+4915112345678").received) == 2


def test_a_phone_is_a_bot(harness: Harness) -> None:
    def bot(message: Message) -> str | None:
        return "pong" if message.text == "ping" else None

    harness.phone(PHONE).on_message = bot
    harness.phone("+491510000001").send(PHONE, "ping")
    harness.phone("+491510000001").send(PHONE, "nothing")
    harness.wait(0)
    assert [m.text for m in harness.phone("+491510000001").received] == ["pong"]


def test_keyword_answers(harness: Harness) -> None:
    harness.phone(PHONE).answers({"stop": "Stopped.", "*": "Yes?"})
    for text in ("STOP", "Stop now", "hello"):
        harness.phone("+491510000001").send(PHONE, text)
    harness.wait(0)
    assert [m.text for m in harness.phone("+491510000001").received] == ["Stopped.", "Stopped.", "Yes?"]


def test_two_bots_do_not_talk_for_ever(harness: Harness) -> None:
    harness.phone(PHONE).answers({"*": "and you?"})
    harness.phone("+491510000001").answers({"*": "and you?"})
    harness.sim.network.rules.delivery_delay_s = (1.0, 1.0)
    harness.phone(PHONE).send("+491510000001", "hi")
    harness.wait(20)
    assert 5 <= len(harness.phone(PHONE).received) <= 11


def test_binary_messages_with_ports(harness: Harness) -> None:
    # 23.040 9.2.3.24.4: ports 2948 (WAP push) and 9200; three bytes of data
    tpdu = "4100" + "0B916407281553F8" + "0004" + "0A" + "0605040B8423F0" + "010203"
    assert b"+CMGS" in harness.send("00" + tpdu)
    (message,) = harness.phone(PHONE).received
    assert (message.data, message.ports) == (bytes((1, 2, 3)), (2948, 9200))


def test_names_as_senders(harness: Harness) -> None:
    harness.sim.send(from_="BANK", to="modem0", text="Your code is 1")
    harness.wait(0)
    harness.command("AT+CMGF=1")
    assert b'"BANK",,' in harness.command("AT+CMGR=1")


def test_a_refused_phone_gets_its_error(harness: Harness) -> None:
    harness.sim.network.rules.submit_cause = 42
    with pytest.raises(RpError) as caught:
        harness.phone(PHONE).send("modem0", "x")
    assert caught.value.cause == 42


def test_unknown_rules_are_named(harness: Harness) -> None:
    with pytest.raises(ValueError, match="did you mean reorder"):
        harness.sim.network.set_rules(reordr=1)


def test_an_interim_report_comes_before_the_final_one(harness: Harness) -> None:
    harness.sim.network.set_rules(interim_reports=True)
    harness.phone(PHONE).switch_off()
    assert reports(harness.send(SUBMIT)) == [0x22]
    harness.wait(600)
    harness.phone(PHONE).switch_on()
    assert reports(harness.wait(0)) == [0]


@pytest.mark.parametrize("form", ["as sent", "national", "bare"])
def test_reports_may_name_the_recipient_otherwise(harness: Harness, form: str) -> None:
    # to +46 70 825 13 58; with country code 46 the national number is 0708251358
    harness.sim.network.set_rules(report_number=form, country_code="46")
    expected = {
        "as sent": b"0B916407281553F8",  # 11 digits, international
        "national": b"0AA17080523185",  # 10 digits, national, 23.040 9.1.2.5
        "bare": b"0B816407281553F8",  # 11 digits, unknown
    }[form]
    assert expected in harness.send(SUBMIT)


def test_time_stamps_in_another_zone_and_without_sense(harness: Harness) -> None:
    harness.command("AT+CMGF=1")
    harness.sim.network.set_rules(zone_quarters=-14)
    harness.sim.send(from_=PHONE, to="modem0", text="x")
    harness.wait(0)
    assert b"26/01/01,08:30:01-14" in harness.command("AT+CMGR=1")
    harness.sim.network.set_rules(zero_time=True)
    harness.sim.send(from_=PHONE, to="modem0", text="x")
    harness.wait(0)
    assert b"00/00/00,00:00:00+00" in harness.command("AT+CMGR=2")
