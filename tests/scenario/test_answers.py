"""The answer to a request equals the later answer to GET; messages of every class reach the network as such."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.rig import make_config, running, simulated

from gsmgw.api.submit import SLICE
from gsmgw.client import ApiError

ANNA = "+4915112345671"


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "plain"},
        {"text": "später ☀", "send_at": "2099-12-24T18:00:00+01:00", "valid_for": 600},
        {"data": "AAE=", "port": 5000, "priority": "urgent"},
        {"text": "x" * 400, "client_ref": "r1", "tags": ["a", "b"], "priority": "bulk", "delivery_report": False},
        {"text": "x", "class": 2, "on_unknown": "hold", "modem": "m0"},
        {"text": "x", "flash": True, "pool": "all"},
    ],
)
async def test_the_answer_to_a_message_is_the_message(tmp_path: Path, fields: dict[str, Any]) -> None:
    pools = {"pool": [{"name": "all", "modems": ["m0"]}]}
    async with running(make_config(tmp_path, {"m0": str(tmp_path / "none")}, pools)) as rig:
        await rig.modem_is("m0", "absent")
        single = await rig.client.request("POST", "/v1/messages", json={"to": ANNA, **fields})
        fields.pop("client_ref", None)
        (batch,) = await rig.client.send_many([{"to": ANNA, **fields}])
        for answer in (single, batch):
            (found,) = [entry async for entry in rig.client.messages() if entry["id"] == answer["id"]]
            assert found == {**answer, "contact": None, "contact_name": None}  # which are looked up when it is read


async def test_a_batch_of_several_portions_is_answered_in_its_order(tmp_path: Path) -> None:
    """Portions end before, at and behind what is refused, and what an earlier request had brought."""
    async with running(make_config(tmp_path, {"m0": str(tmp_path / "none")})) as rig:
        await rig.modem_is("m0", "absent")
        wanted: list[dict[str, Any]] = [{"to": ANNA, "text": f"n {number}"} for number in range(2 * SLICE + 1)]
        wanted[SLICE - 1] = {"to": "nobody", "text": "x"}
        wanted[SLICE] = {"to": ANNA}
        wanted[2 * SLICE]["client_ref"] = "last"
        answers = await rig.client.send_many(wanted)
        assert len(answers) == len(wanted)
        refused = [SLICE - 1, SLICE]
        for number, (given, answer) in enumerate(zip(wanted, answers, strict=True)):
            if number in refused:
                assert answer["error"]["errors"][0]["pointer"].startswith(f"/messages/{number}")
            else:
                assert (answer["to"], answer["text"]) == (given["to"], given["text"])
        for answer in (answers[0], answers[SLICE + 1], answers[-1]):
            whole = await rig.client.message(answer["id"])
            assert answer == {name: whole[name] for name in answer}
        again = await rig.client.send_many(wanted[-1:])
        assert again == [{**answers[-1], "contact": None, "replayed": True}]


async def test_every_class_reaches_the_network(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        for number in range(4):
            sent = await rig.client.send(ANNA, f"class {number}", **{"class": number})
            assert (sent["class"], sent["flash"]) == (number, number == 0)
            ended = await rig.ended(sent["id"])
            tpdu = bytes.fromhex(ended["segment_list"][0]["pdu"])
            dcs = tpdu[4 + (tpdu[2] + 1) // 2 + 1]  # TS 23.040 9.2.2.2: behind TP-MR, TP-DA and TP-PID
            assert dcs == 0x10 | number  # TS 23.038 4: general coding with a class, GSM 7 bit
        with pytest.raises(ApiError, match="flash means class 0") as caught:
            await rig.client.send(ANNA, "x", flash=True, **{"class": 1})
        assert caught.value.problem["errors"][0]["pointer"] == "/class"
