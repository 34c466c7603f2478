"""Every page and every form, in one list."""

from starlette.routing import Route

from api.pages import (
    checkin,
    choosing,
    confirming,
    exports,
    family,
    honesty,
    join,
    live,
    login,
    me,
    projector,
    reports,
    review,
    roll,
    status,
    teach,
)

SESSION = "/teach/sessions/{session_id:uuid}"
JOIN = "/join/{session_id:uuid}"

page_routes = [
    Route("/", login.home),
    Route("/login", login.show_login, methods=["GET"]),
    Route("/login", login.log_in, methods=["POST"]),
    Route("/logout", login.log_out, methods=["POST"]),
    Route("/language", choosing.choose, methods=["POST"], name="choose_language"),
    Route("/C/{token}", checkin.scanned, name="scanned"),
    Route("/checkin", checkin.show, name="check_in_page"),
    Route("/checkin", checkin.tap, methods=["POST"], name="check_in_tap"),
    Route("/checkin/confirm", confirming.tap, methods=["POST"], name="confirm_tap"),
    Route("/checkin/code", checkin.take_code, methods=["POST"], name="check_in_code"),
    Route(JOIN, join.show, name="join_page"),
    *(Route(f"{JOIN}/{word}", join.tap, methods=["POST"], name=f"join_{word}") for word in ("here", "leave")),
    Route("/status", status.show, name="status"),
    Route("/me", me.show, name="me"),
    Route("/marks/{record_id:uuid}", me.changes, name="mark_changes"),
    Route("/family", family.show, name="family"),
    Route("/family/sessions/{session_id:uuid}", family.report, methods=["POST"], name="family_report"),
    *(Route(tab.path, reports.show, name=f"{tab.report.name}_report_page") for tab in reports.TABS),
    *(Route(tab.path + reports.FILE, reports.download, name=f"{tab.report.name}_report_file") for tab in reports.TABS),
    Route("/teach", teach.day, name="teach"),
    Route("/teach/sessions", teach.start_class, methods=["POST"], name="start_class"),
    Route(f"{SESSION}/roll", roll.show, name="roll_page"),
    Route(f"{SESSION}/roll.json", roll.entries, name="roll_entries"),
    Route(f"{SESSION}/roll/mark", roll.mark, methods=["POST"], name="roll_mark"),
    Route(f"{SESSION}/roll/rest", roll.rest, methods=["POST"], name="roll_rest"),
    Route(f"{SESSION}/review", review.show, name="review_page"),
    Route(f"{SESSION}/review/accept", review.accept, methods=["POST"], name="review_accept"),
    Route(f"{SESSION}/review/mark", review.mark, methods=["POST"], name="review_mark"),
    Route(f"{SESSION}/honesty", honesty.show, name="honesty_page"),
    Route(f"{SESSION}/honesty/rules", honesty.save_rules, methods=["POST"], name="honesty_rules"),
    Route(f"{SESSION}/honesty/call", honesty.ask, methods=["POST"], name="honesty_call"),
    Route(f"{SESSION}/export", exports.take, name="export_roll"),
    Route(f"{SESSION}/exports/{{export_id:uuid}}", exports.progress, name="export_progress"),
    Route(f"{SESSION}/exports/{{export_id:uuid}}/file", exports.download, name="export_download"),
    Route(f"{SESSION}/live", live.card, name="live_card"),
    Route(f"{SESSION}/projector", projector.show, name="projector"),
    *(Route(f"{SESSION}/{order}", live.ask, name=f"ask_{order}") for order in ("end", "cancel")),
    *(
        Route(f"{SESSION}/{order}", live.act, methods=["POST"], name=f"live_{order}")
        for order in ("start", "end", "cancel", "code")
    ),
]
"""Mounted by api/app.py. Names are what metrics count by."""
