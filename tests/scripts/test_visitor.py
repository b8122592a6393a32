from __future__ import annotations

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from scripts._visitor import Screen


def wrote(text: str) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.markdown.body = text
    return message


def metric(label: str, body: str) -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.metric.label = label
    message.delta.new_element.metric.body = body
    return message


def fell() -> ForwardMsg:
    message = ForwardMsg()
    message.delta.new_element.exception.type = "KeyError"
    message.delta.new_element.exception.message = "'x'"
    return message


def ended(how: ForwardMsg.ScriptFinishedStatus.ValueType = ForwardMsg.FINISHED_SUCCESSFULLY) -> ForwardMsg:
    return ForwardMsg(script_finished=how)


def test_a_screen_shows_a_text_only_after_a_run_that_ended_well() -> None:
    assert Screen([wrote("Approval rate"), ended()], 0.1).shows("Approval rate")
    assert not Screen([wrote("Approval rate"), ended()], 0.1).shows("Bad rate")
    assert not Screen([wrote("Approval rate"), fell(), ended()], 0.1).shows("Approval rate")
    unfinished = ended(ForwardMsg.FINISHED_WITH_COMPILE_ERROR)
    assert not Screen([wrote("Approval rate"), unfinished], 0.1).shows("Approval rate")


def test_figures_and_exceptions_are_read_off_the_messages() -> None:
    screen = Screen([ForwardMsg(), metric("Applications", "1,000"), metric("AUC", "0.75"), fell(), ended()], 0.1)
    assert screen.metrics == {"Applications": "1,000", "AUC": "0.75"}
    assert screen.exceptions == ["KeyError: 'x'"]
