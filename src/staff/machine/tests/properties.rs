//! What holds whatever is touched.

use proptest::prelude::*;

use super::*;

/// Anything that can be touched, in any order, with time and faces in between.
#[derive(Debug, Clone)]
enum Event {
    Touch(u8),
    RightPin,
    Digit(u8),
    Hold(Pose),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0_u8..20).prop_map(Event::Touch),
        2 => Just(Event::RightPin),
        1 => (0_u8..12).prop_map(Event::Digit),
        4 => prop::sample::select(Pose::ALL.to_vec()).prop_map(Event::Hold),
        1 => (0_u64..200).prop_map(Event::Wait),
    ]
}

fn command(number: u8) -> StaffCommand {
    match number {
        0 => StaffCommand::Open,
        1 => StaffCommand::Close,
        2 => StaffCommand::StillThere,
        3 => StaffCommand::SetLanguage(Language::ARABIC),
        4 => StaffCommand::EraseDigit,
        5 => StaffCommand::ShowPeople,
        6 => StaffCommand::Search("a".to_owned()),
        7 => StaffCommand::ShowPerson(someone()),
        8 => StaffCommand::SaveDetails(someone(), maryam()),
        9 => StaffCommand::AskForget(someone()),
        10 => StaffCommand::ConfirmForget,
        11 => StaffCommand::SetRecognition(true),
        12 | 13 => StaffCommand::BeginEnrolment,
        14 | 15 => StaffCommand::SetDetails(maryam()),
        16 => StaffCommand::Decline,
        17 => StaffCommand::StartOver,
        18 => StaffCommand::TheSame,
        _ => StaffCommand::Finish,
    }
}

/// Plays events and gives the desk, having looked at the page after each.
fn play(events: Vec<Event>, agrees: bool, mut look: impl FnMut(&Desk)) -> Desk {
    let mut desk = Desk::new();
    for event in events {
        match event {
            Event::Touch(number) => desk.touch(command(number)),
            Event::RightPin => desk.pin("402913"),
            Event::Digit(digit) => desk.touch(StaffCommand::Digit(digit)),
            Event::Hold(pose) => desk.show(1, pose),
            Event::Wait(seconds) => desk.wait(Duration::from_secs(seconds)),
        }
        if agrees {
            desk.touch(StaffCommand::Agree);
        }
        look(&desk);
    }
    desk
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_touched_nothing_is_kept_without_agreement(events in prop::collection::vec(event(), 1..60)) {
        let desk = play(events, false, |desk| assert!(!desk.eyes_are_wanted(), "no picture is even looked at"));
        prop_assert_eq!(desk.saved().len(), 0);
        prop_assert!(!desk.done.iter().any(|action| matches!(action, Action::Compare(..))));
    }

    #[test]
    fn whatever_is_touched_only_a_right_pin_opens_more_than_the_pad(events in prop::collection::vec(event(), 1..60)) {
        play(events, true, |desk| {
            let last_right = desk.done.iter().rposition(|action| matches!(action, Action::AuditRight(_)));
            if !matches!(desk.view().page, None | Some(StaffPage::Pin(_))) {
                assert!(last_right.is_some());
                assert_eq!(desk.view().staff_name, "Aisha");
            }
            if last_right.is_none() {
                let harmless = |action: &Action| {
                    matches!(action, Action::CountStaff(_) | Action::CheckPin(..) | Action::AuditWrong)
                };
                assert!(desk.done.iter().all(harmless));
            }
        });
    }

    #[test]
    fn the_eyes_are_wanted_exactly_while_pictures_are_taken(events in prop::collection::vec(event(), 1..60)) {
        play(events, true, |desk| {
            let is_capturing = matches!(desk.view().page, Some(StaffPage::Capture(_)));
            assert_eq!(desk.eyes_are_wanted(), is_capturing);
        });
    }
}
