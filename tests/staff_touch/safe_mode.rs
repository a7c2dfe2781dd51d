//! Safe mode, and what is behind its PIN.

use super::*;

#[test]
fn safe_mode_leads_staff_over_the_pin_to_what_can_be_done_in_both_languages() {
    let page =
        |may_act| StaffPage::Fault(FaultView { fault: Arc::new(window::fault(FaultCause::Configuration)), may_act });
    for (language, words) in [
        (Language::ENGLISH, ["Start again", "End the program", "Close"]),
        (Language::ARABIC, ["إعادة التشغيل", "إنهاء البرنامج", "إغلاق"]),
    ] {
        let [again, end, close] = words;
        let mut safe = SafeMode::new(PORTRAIT, themed("day"), FaultCause::Configuration);
        safe.touch("Staff");
        assert_eq!(safe.sent(), [StaffCommand::Open]);
        safe.show_staff(StaffPage::Pin(PinView::default()), language);
        for digit in ["4", "0"] {
            safe.touch(digit);
        }
        assert_eq!(safe.sent(), [StaffCommand::Digit(4), StaffCommand::Digit(0)]);

        safe.show_staff(page(true), language);
        let found = "kiosk.toml:12: ui.theme: found \"pink\"";
        assert!(safe.harness.query_by_label_contains(found).is_some(), "what is wrong, and where");
        assert!(safe.harness.query_by_label("CONFIG-401").is_some());
        safe.touch(close);
        assert_eq!(safe.sent(), [StaffCommand::Close]);
        assert!(!safe.is_closing);
        safe.touch(end);
        assert!(safe.is_closing && !safe.start_again.load(Ordering::Acquire));

        safe.show_staff(page(false), language);
        for act in [again, end] {
            assert!(safe.harness.query_by_role_and_label(Role::Button, act).is_none(), "{act} needs a PIN");
        }
        safe.show_staff(page(true), language);
        safe.is_closing = false;
        safe.touch(again);
        assert!(safe.is_closing && safe.start_again.load(Ordering::Acquire));
    }
}
