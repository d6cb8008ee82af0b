"""What the network does to messages between the modem's OK and the phone, and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hw_sim import Desk, Message, RpError

SUBMIT = "0031000B916407281553F80000AA0AE8329BFD4697D9EC37"
PHONE = "+46708251358"


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as desk:
        desk.command("ATE0")
        desk.command("AT+CMEE=1")
        desk.command("AT+CNMI=2,1,0,1,0")
        yield desk


def reports(said: bytes) -> list[int]:
    """TP-ST of the status reports in what was said."""
    return [int(line[-2:], 16) for line in said.split(b"\r\n") if len(line) > 40 and line.startswith(b"0791")]


def test_delays_of_delivery_and_report(desk: Desk) -> None:
    rules = desk.sim.network.rules
    rules.delivery_delay_s, rules.report_delay_s = (3.0, 3.0), (2.0, 2.0)
    assert reports(desk.send(SUBMIT)) == []
    desk.wait(2.9)
    assert desk.phone(PHONE).received == []
    desk.wait(0.2)
    assert len(desk.phone(PHONE).received) == 1
    assert reports(desk.wait(1.8)) == []
    assert reports(desk.wait(0.2)) == [0]


def test_reordering(desk: Desk) -> None:
    desk.sim.network.rules.reorder = 0.5
    for number in range(30):
        desk.phone(PHONE).send("+491510000001", f"{number}")
    desk.wait(10)
    texts = [message.text for message in desk.phone("+491510000001").received]
    assert sorted(texts, key=int) == [str(number) for number in range(30)]
    assert texts != sorted(texts, key=int)


def test_parts_out_of_order_are_put_together(desk: Desk) -> None:
    desk.sim.network.rules.reorder = 0.7
    text = "".join(f"part and piece {number}. " for number in range(40))
    desk.sim.send(from_=PHONE, to="+491510000001", text=text)
    desk.sim.send(from_=PHONE, to="modem0", text=text)
    desk.wait(10)
    (message,) = desk.phone("+491510000001").received
    assert (message.text, message.segments) == (text, 5)
    assert len(desk.modem.memories["SM"]) == 5


def test_duplicates_and_losses(desk: Desk) -> None:
    desk.sim.network.rules.duplicate = 1.0
    desk.send(SUBMIT)
    assert len(desk.phone(PHONE).received) == 2
    desk.sim.network.rules.loss = 1.0
    desk.send(SUBMIT)
    assert len(desk.phone(PHONE).received) == 2
    assert len(desk.sim.submits) == 2


def test_deliveries_to_one_recipient_keep_their_distance(desk: Desk) -> None:
    desk.sim.network.set_rules(delivery_gap_s=2)
    for number in range(3):
        desk.sim.send(from_=PHONE, to="modem0", text=f"{number}")
    assert desk.wait(0.1).count(b"+CMTI") == 1
    assert desk.wait(1.8).count(b"+CMTI") == 0
    assert desk.wait(2.2).count(b"+CMTI") == 2


def test_room_for_more_does_not_shorten_the_distance(desk: Desk) -> None:
    desk.sim.network.set_rules(delivery_gap_s=2)
    for number in range(3):
        desk.sim.send(from_=PHONE, to="modem0", text=f"{number}")
    assert desk.wait(0.1).count(b"+CMTI") == 1
    assert desk.command("AT+CMGD=1") == b"\r\nOK\r\n"
    assert desk.command("AT+CMGD=1,4") == b"\r\nOK\r\n"
    assert desk.wait(1.8).count(b"+CMTI") == 0
    assert desk.wait(0.2).count(b"+CMTI") == 1
    assert desk.wait(2.0).count(b"+CMTI") == 1


def test_lost_reports(desk: Desk) -> None:
    desk.sim.network.rules.report_loss = 1.0
    assert reports(desk.send(SUBMIT)) == []
    assert len(desk.phone(PHONE).received) == 1


@pytest.mark.parametrize("status", [0x41, 0x43, 0x63])
def test_failure_causes_are_reported(desk: Desk, status: int) -> None:
    desk.phone(PHONE).status = status
    assert reports(desk.send(SUBMIT)) == [status]
    assert desk.phone(PHONE).received == []


def test_a_temporary_failure_is_tried_again(desk: Desk) -> None:
    desk.phone(PHONE).status = 0x21
    assert reports(desk.send(SUBMIT)) == []
    desk.phone(PHONE).status = 0
    assert reports(desk.wait(61)) == [0]


def test_store_and_forward(desk: Desk) -> None:
    desk.phone(PHONE).switch_off()
    assert reports(desk.send(SUBMIT)) == []
    desk.wait(3600)
    desk.phone(PHONE).switch_on()
    assert reports(desk.wait(0)) == [0]
    assert desk.phone(PHONE).received[0].text == "hellohello"


def test_validity_ends(desk: Desk) -> None:
    desk.phone(PHONE).switch_off()
    desk.send(SUBMIT)  # TP-VP AA: (0xAA - 166) days = 4
    assert reports(desk.wait(4 * 86400 - 10)) == []
    assert reports(desk.wait(20)) == [0x46]
    desk.phone(PHONE).switch_on()
    assert desk.phone(PHONE).received == []


def test_an_outage_refuses_and_holds(desk: Desk) -> None:
    network = desk.sim.network
    network.rules.outage = True
    assert desk.send(SUBMIT) == b"\r\n+CMS ERROR: 38\r\n"
    network.rules.outage = False
    desk.phone(PHONE).switch_off()
    desk.send(SUBMIT)
    network.rules.outage = True
    desk.phone(PHONE).switch_on()
    assert desk.phone(PHONE).received == []
    network.set_rules(outage=False)
    desk.wait(0)
    assert len(desk.phone(PHONE).received) == 1


def test_throttling(desk: Desk) -> None:
    desk.sim.network.rules.per_minute = 3
    said = [desk.send(SUBMIT)[:12] for _ in range(5)]
    assert said[3:] == [b"\r\n+CMS ERROR"] * 2
    desk.wait(61)
    assert b"+CMGS" in desk.send(SUBMIT)


def test_credit_runs_out_and_ussd_knows(desk: Desk) -> None:
    desk.sim.network.rules.price = 0.09
    desk.modem.card.credit = 0.20
    assert [b"+CMGS" in desk.send(SUBMIT) for _ in range(3)] == [True, True, False]
    assert b"Balance: 0.02 EUR" in desk.command('AT+CUSD=1,"*100#"')


def test_numbers_that_are_refused_and_senders_that_are_barred(desk: Desk) -> None:
    rules = desk.sim.network.rules
    rules.refused[PHONE] = 1
    assert desk.send(SUBMIT) == b"\r\n+CMS ERROR: 1\r\n"
    rules.refused.clear()
    rules.barred[desk.modem.number] = 8
    assert desk.send(SUBMIT) == b"\r\n+CMS ERROR: 8\r\n"


def test_unassigned_numbers(desk: Desk) -> None:
    desk.sim.network.make_subscriber = None
    assert reports(desk.send(SUBMIT)) == [0x41]


def test_modems_text_each_other(desk: Desk) -> None:
    other = desk.add(name="modem1", number="+46708251358")
    assert reports(desk.send(SUBMIT)) == [0]
    assert len(other.memories["SM"]) == 1


def test_national_numbers_reach_the_same_phone(desk: Desk) -> None:
    desk.phone(PHONE).send("015112345678", "national")
    desk.phone(PHONE).send("004915112345678", "prefixed")
    desk.wait(0)
    assert len(desk.phone("+4915112345678").received) == 2


def test_a_phone_is_a_bot(desk: Desk) -> None:
    def bot(message: Message) -> str | None:
        return "pong" if message.text == "ping" else None

    desk.phone(PHONE).on_message = bot
    desk.phone("+491510000001").send(PHONE, "ping")
    desk.phone("+491510000001").send(PHONE, "nothing")
    desk.wait(0)
    assert [m.text for m in desk.phone("+491510000001").received] == ["pong"]


def test_keyword_answers(desk: Desk) -> None:
    desk.phone(PHONE).answers({"stop": "Stopped.", "*": "Yes?"})
    for text in ("STOP", "Stop now", "hello"):
        desk.phone("+491510000001").send(PHONE, text)
    desk.wait(0)
    assert [m.text for m in desk.phone("+491510000001").received] == ["Stopped.", "Stopped.", "Yes?"]


def test_two_bots_do_not_talk_for_ever(desk: Desk) -> None:
    desk.phone(PHONE).answers({"*": "and you?"})
    desk.phone("+491510000001").answers({"*": "and you?"})
    desk.sim.network.rules.delivery_delay_s = (1.0, 1.0)
    desk.phone(PHONE).send("+491510000001", "hi")
    desk.wait(20)
    assert 5 <= len(desk.phone(PHONE).received) <= 11


def test_binary_messages_with_ports(desk: Desk) -> None:
    # 23.040 9.2.3.24.4: ports 2948 (WAP push) and 9200; three octets of data
    tpdu = "4100" + "0B916407281553F8" + "0004" + "0A" + "0605040B8423F0" + "010203"
    assert b"+CMGS" in desk.send("00" + tpdu)
    (message,) = desk.phone(PHONE).received
    assert (message.data, message.ports) == (bytes((1, 2, 3)), (2948, 9200))


def test_names_as_senders(desk: Desk) -> None:
    desk.sim.send(from_="BANK", to="modem0", text="Your code is 1")
    desk.wait(0)
    desk.command("AT+CMGF=1")
    assert b'"BANK",,' in desk.command("AT+CMGR=1")


def test_a_refused_phone_gets_its_error(desk: Desk) -> None:
    desk.sim.network.rules.submit_cause = 42
    with pytest.raises(RpError) as caught:
        desk.phone(PHONE).send("modem0", "x")
    assert caught.value.cause == 42


def test_unknown_rules_are_named(desk: Desk) -> None:
    with pytest.raises(ValueError, match="did you mean reorder"):
        desk.sim.network.set_rules(reordr=1)


def test_an_interim_report_comes_before_the_final_one(desk: Desk) -> None:
    desk.sim.network.set_rules(interim_reports=True)
    desk.phone(PHONE).switch_off()
    assert reports(desk.send(SUBMIT)) == [0x22]
    desk.wait(600)
    desk.phone(PHONE).switch_on()
    assert reports(desk.wait(0)) == [0]


@pytest.mark.parametrize("form", ["as sent", "national", "bare"])
def test_reports_may_name_the_recipient_otherwise(desk: Desk, form: str) -> None:
    # to +46 70 825 13 58; with country code 46 the national number is 0708251358
    desk.sim.network.set_rules(report_number=form, country_code="46")
    expected = {
        "as sent": b"0B916407281553F8",  # 11 digits, international
        "national": b"0AA17080523185",  # 10 digits, national, 23.040 9.1.2.5
        "bare": b"0B816407281553F8",  # 11 digits, unknown
    }[form]
    assert expected in desk.send(SUBMIT)


def test_time_stamps_in_another_zone_and_without_sense(desk: Desk) -> None:
    desk.command("AT+CMGF=1")
    desk.sim.network.set_rules(zone_quarters=-14)
    desk.sim.send(from_=PHONE, to="modem0", text="x")
    desk.wait(0)
    assert b"26/01/01,08:30:01-14" in desk.command("AT+CMGR=1")
    desk.sim.network.set_rules(zero_time=True)
    desk.sim.send(from_=PHONE, to="modem0", text="x")
    desk.wait(0)
    assert b"00/00/00,00:00:00+00" in desk.command("AT+CMGR=2")
