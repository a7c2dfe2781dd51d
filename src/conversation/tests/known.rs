//! Visitors who are known, and whom the kiosk listens to.

use tokio::sync::watch;

use super::*;

fn sara() -> KnownVisitor {
    KnownVisitor {
        id: VisitorId(uuid::Uuid::from_u128(7)),
        name: "Sara".into(),
        language: Language::ENGLISH,
        agreed_at: jiff::Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn a_known_visitor_is_greeted_by_name_which_stands_in_no_transcript() {
    let mut world = World::with(Config::default(), &[Some("What time do you open?")], &[], false);
    world.command(Command::VisitorRecognised(Box::new(sara()))).await;
    let greeting = world.answer_begins().await;
    assert_eq!(world.caption(), "Welcome back, Sara.");
    assert_eq!(world.view.load().known.as_deref(), Some(&sara()));
    world.answer_ends(greeting).await;
    assert_eq!(*world.records.told.lock().unwrap(), ["greeted 7"]);
    world.say(1_000).await;
    world.answer_begins().await;
    let asked = format!("{:?}", world.mind.asked.lock().unwrap());
    assert!(!asked.contains("Sara"), "{asked}");
    let messages = world.transcript().await;
    assert_eq!(said(&messages, Speaker::Kiosk).first(), Some(&"Welcome back, …."));
    assert_eq!(heard(&messages).first(), Some(&"Welcome back, …."));
}

#[tokio::test]
async fn that_is_not_me_reaches_the_eyes_and_the_audit_and_the_screen() {
    let mut world = World::with(Config::default(), &[], &[], false);
    world.command(Command::VisitorRecognised(Box::new(sara()))).await;
    world.command(Command::NotMe).await;
    assert_eq!(world.to_eyes.try_recv(), Ok(EyesCommand::NotThem(sara().id)));
    assert_eq!(*world.records.told.lock().unwrap(), ["greeted 7", "denied 7"]);
    assert_eq!(world.view.load().known, None);
    world.answer_begins().await;
    assert_eq!(world.caption(), "I am sorry. How can I help?");
}

#[tokio::test]
async fn forget_me_is_carried_out_and_said() {
    let mut world = World::with(Config::default(), &[], &[], false);
    world.command(Command::VisitorRecognised(Box::new(sara()))).await;
    world.command(Command::ForgetMe).await;
    world.answer_begins().await;
    assert_eq!(*world.records.told.lock().unwrap(), ["greeted 7", "forgotten 7"]);
    assert_eq!(world.caption(), "It is done. I no longer know your face or your name.");
    assert_eq!(world.view.load().known, None);
    assert_eq!(world.to_eyes.try_recv(), Ok(EyesCommand::NotThem(sara().id)));
}

#[tokio::test]
async fn noise_while_the_camera_sees_nobody_is_not_transcribed_and_a_lost_camera_hears_everybody() {
    let mut world = World::new(&[Some("What time do you open?")], &[Thought::Says("At nine.")]);
    world.sight.send_replace(Sight { is_seeing: true, ..Sight::default() });
    world.settle().await;
    world.say(1_500).await;
    world.wait(Duration::from_secs(3)).await;
    assert_eq!(world.phase(), Phase::Idle);
    world.sight.send_replace(Sight::default());
    let lost = Event::Device { device: Device::Camera, status: DeviceStatus::Lost, detail: "unplugged".into() };
    world.publisher.publish(lost);
    world.settle().await;
    assert_eq!(world.view.load().lost, [Device::Camera]);
    world.say(1_500).await;
    world.answer_begins().await;
    assert_eq!(world.caption(), "At nine.");
}

#[tokio::test]
async fn eyes_that_have_ended_leave_no_deaf_kiosk_behind() {
    let mut world = World::new(&[Some("What time do you open?")], &[Thought::Says("At nine.")]);
    let sight = std::mem::replace(&mut world.sight, watch::channel(Sight::default()).0);
    sight.send_replace(Sight { is_seeing: true, ..Sight::default() });
    world.settle().await;
    drop(sight);
    world.settle().await;
    world.say(1_500).await;
    world.answer_begins().await;
    assert_eq!(world.caption(), "At nine.");
}
