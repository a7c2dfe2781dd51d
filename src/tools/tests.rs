//! The registry's rules, in virtual time.

use std::{path::Path, sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{
    CallContext, Registry, ToolError, ToolFault, ToolPrefix, Toolbox,
    testing::{Scripted, context, in_virtual_time, shared},
};
use crate::{
    clock::ManualClock,
    config,
    event::{Bus, Event, Subscription, ToolFailure, ToolResult, ToolStatus, ToolUse, TurnId, VisitId},
    words::Words,
};

struct World {
    registry: Arc<Registry>,
    clock: ManualClock,
    events: Subscription,
    visit: VisitId,
}

impl World {
    fn new(make: impl FnOnce(&ManualClock) -> Vec<Arc<Scripted>>) -> Self {
        let clock = ManualClock::default();
        let bus = Bus::new(Arc::new(clock.clone()));
        let events = bus.subscribe();
        let tools = make(&clock).iter().map(shared).collect();
        let words = Words::load(Path::new("assets")).unwrap();
        let (registry, faults) = Registry::new(tools, &config::Tools::default(), &words, bus, Arc::new(clock.clone()));
        assert_eq!(faults, []);
        Self { registry, clock, events, visit: VisitId::generate() }
    }

    fn context(&self, turn: u64, said: &str) -> CallContext {
        CallContext { visit: self.visit, turn: TurnId(turn), visitor_said: said.into(), ..context() }
    }

    async fn step(&self, context: &CallContext, calls: &[(&str, Value)]) -> Vec<ToolResult> {
        let uses = calls.iter().enumerate().map(|(index, (name, arguments))| ToolUse {
            id: format!("call-{index}"),
            name: (*name).to_owned(),
            arguments: arguments.to_string(),
        });
        let allowed = all();
        let calling = self.registry.call(uses.collect(), &allowed, context);
        in_virtual_time(&self.clock, calling).await
    }

    async fn call(&self, name: &str, arguments: Value) -> ToolResult {
        self.step(&self.context(1, ""), &[(name, arguments)]).await.remove(0)
    }

    /// What the bus was told: tool, status, duration, failure.
    fn told(&mut self) -> Vec<(String, ToolStatus, Option<u64>, Option<ToolFailure>)> {
        std::iter::from_fn(|| self.events.try_next())
            .map(|stamped| match stamped.event {
                Event::ToolCall { tool, status, took_ms, failure, .. } => (tool, status, took_ms, failure),
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

fn all() -> Vec<ToolPrefix> {
    vec![ToolPrefix("*".to_owned())]
}

fn data(result: &ToolResult) -> Value {
    serde_json::from_str(&result.content).unwrap()
}

/// One tool, changed before it is shared.
fn one(name: &'static str, change: impl FnOnce(&mut Scripted)) -> (World, Arc<Scripted>) {
    let mut made = None;
    let world = World::new(|clock| {
        let mut tool = Scripted::new(name, clock);
        change(&mut tool);
        let tool = Arc::new(tool);
        made = Some(tool.clone());
        vec![tool]
    });
    (world, made.unwrap())
}

#[tokio::test]
async fn a_call_gives_data_and_tells_the_bus_when_it_began_and_how_it_ended() {
    let (mut world, _tool) = one("fetch", |tool| tool.takes = Duration::from_millis(40));
    let result = world.call("fetch", json!({"slot": "secret"})).await;
    assert_eq!(result.failure, None);
    assert_eq!(data(&result)["data"], json!({"done": {"slot": "secret"}}));
    let told = world.told();
    assert_eq!(told[0], ("fetch".to_owned(), ToolStatus::Started, None, None));
    assert!(matches!(&told[1], (_, ToolStatus::Success, Some(40..=60), None)), "{told:?}");
    assert!(!format!("{told:?}").contains("secret"));
}

#[tokio::test]
async fn wrong_arguments_go_back_to_the_model_and_nothing_is_called() {
    let (mut world, tool) = one("fetch", |_| {});
    let result = world.call("fetch", json!({"slot": 7})).await;
    assert_eq!(result.failure, Some(ToolFailure::InvalidArguments));
    let message = data(&result)["message"].as_str().unwrap().to_owned();
    assert!(message.contains("/slot") && message.contains("slot (string)"), "{message}");
    assert_eq!(tool.calls(), 0);
    assert_eq!(world.told().last().unwrap().3, Some(ToolFailure::InvalidArguments));
}

#[tokio::test]
async fn what_does_not_exist_or_is_not_for_this_persona_is_unknown() {
    let (mut world, tool) = one("fetch", |_| {});
    let uses = |name: &str| vec![ToolUse { id: "1".to_owned(), name: name.to_owned(), arguments: "{}".to_owned() }];
    let other = [ToolPrefix("book_*".to_owned())];
    let result = world.registry.call(uses("fetch"), &other, &world.context(1, "")).await.remove(0);
    assert_eq!(result.failure, Some(ToolFailure::Unknown));
    let result = world.registry.call(uses("tell_0501234567"), &all(), &world.context(1, "")).await.remove(0);
    assert_eq!(result.failure, Some(ToolFailure::Unknown));
    assert!(data(&result)["message"].as_str().unwrap().contains("fetch"), "{}", result.content);
    assert_eq!(tool.calls(), 0);
    assert!(world.told().iter().all(|(tool, ..)| tool == "unknown"), "a made-up name may hold anything");
}

#[tokio::test]
async fn a_tool_that_hangs_is_given_up_after_its_time_and_not_tried_again() {
    let (mut world, tool) = one("fetch", |tool| {
        tool.takes = Duration::from_secs(60);
        tool.policy.retries = 3;
    });
    let result = world.call("fetch", json!({})).await;
    assert_eq!((result.failure, tool.calls()), (Some(ToolFailure::TimeOut), 1));
    assert!(matches!(world.told().last(), Some((_, ToolStatus::Error, Some(2000..=2100), _))));
}

#[tokio::test]
async fn only_what_was_unavailable_is_tried_again() {
    let away = ToolError::Unavailable("away".to_owned());
    for (error, failures, calls, wanted) in [
        (away.clone(), 2, 3, None),
        (away, 9, 3, Some(ToolFailure::Failed)),
        (ToolError::Failed("broken".to_owned()), 1, 1, Some(ToolFailure::Failed)),
        (ToolError::Refused("taken".to_owned()), 1, 1, Some(ToolFailure::Refused)),
        (ToolError::Invalid("odd".to_owned()), 1, 1, Some(ToolFailure::InvalidArguments)),
    ] {
        let (world, tool) = one("fetch", |tool| tool.policy.retries = 2);
        tool.fail(failures, &error);
        let result = world.call("fetch", json!({})).await;
        assert_eq!((result.failure, tool.calls()), (wanted, calls), "{error:?}");
    }
}

#[tokio::test]
async fn after_five_failures_a_tool_is_left_alone_for_thirty_seconds_and_then_tried_once() {
    let (world, tool) = one("fetch", |_| {});
    tool.fail(6, &ToolError::Failed("broken".to_owned()));
    for _ in 0..5 {
        assert_eq!(world.call("fetch", json!({})).await.failure, Some(ToolFailure::Failed));
    }
    assert_eq!(world.call("fetch", json!({})).await.failure, Some(ToolFailure::Suspended));
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(world.call("fetch", json!({})).await.failure, Some(ToolFailure::Failed), "the trial");
    assert_eq!(world.call("fetch", json!({})).await.failure, Some(ToolFailure::Suspended));
    assert_eq!(tool.calls(), 6);
    world.clock.advance(Duration::from_secs(31));
    assert_eq!(world.call("fetch", json!({})).await.failure, None);
    assert_eq!(world.call("fetch", json!({})).await.failure, None);
}

#[tokio::test]
async fn refusals_and_senseless_arguments_do_not_count_as_failures() {
    for error in [ToolError::Refused("taken".to_owned()), ToolError::Invalid("odd".to_owned())] {
        let (world, tool) = one("fetch", |_| {});
        tool.fail(20, &error);
        for _ in 0..20 {
            assert_eq!(world.call("fetch", json!({})).await.failure, Some(error.failure()));
        }
    }
}

#[tokio::test]
async fn parallel_calls_run_at_once_and_others_alone_and_in_order() {
    let mut tools = Vec::new();
    let world = World::new(|clock| {
        for (name, is_parallel) in [("weather", true), ("news", true), ("book", false), ("cancel", false)] {
            let mut tool = Scripted::new(name, clock);
            tool.takes = Duration::from_millis(100);
            tool.policy.is_parallel = is_parallel;
            tools.push(Arc::new(tool));
        }
        tools.clone()
    });
    let calls = ["weather", "news", "book", "cancel", "weather"].map(|name| (name, json!({})));
    let results = world.step(&world.context(1, ""), &calls).await;
    let names: Vec<&str> = results.iter().map(|result| result.name.as_str()).collect();
    assert_eq!(names, ["weather", "news", "book", "cancel", "weather"], "results in the order of the calls");
    let ids: Vec<&str> = results.iter().map(|result| result.id.as_str()).collect();
    assert_eq!(ids, ["call-0", "call-1", "call-2", "call-3", "call-4"]);
    let times = |index: usize| tools[index].times.lock().unwrap().clone();
    let (weather, news, book, cancel) = (times(0), times(1), times(2), times(3));
    assert!(news[0].0 < weather[0].1, "at once");
    assert!(book[0].0 >= weather[0].1.max(news[0].1), "alone");
    assert!(cancel[0].0 >= book[0].1, "in order");
    assert!(weather[1].0 >= cancel[0].1, "nothing overtakes");
}

#[tokio::test]
async fn a_prerequisite_must_have_succeeded_in_this_visit() {
    let mut world = World::new(|clock| {
        let mut slots = Scripted::new("book", clock);
        slots.policy.prerequisites = vec!["identify".to_owned()];
        vec![Arc::new(Scripted::new("identify", clock)), Arc::new(slots)]
    });
    let refused = world.call("book", json!({})).await;
    assert_eq!(refused.failure, Some(ToolFailure::Prerequisite));
    assert!(data(&refused)["message"].as_str().unwrap().contains("identify"));
    assert_eq!(world.call("identify", json!({})).await.failure, None);
    assert_eq!(world.call("book", json!({})).await.failure, None);
    world.registry.end_visit(world.visit);
    assert_eq!(world.call("book", json!({})).await.failure, Some(ToolFailure::Prerequisite), "another visit");
    world.visit = VisitId::generate();
    assert_eq!(world.call("book", json!({})).await.failure, Some(ToolFailure::Prerequisite));
}

#[tokio::test]
async fn after_eight_steps_the_model_has_to_answer() {
    let (world, tool) = one("fetch", |_| {});
    let at = |step| CallContext { step, ..world.context(1, "") };
    assert_eq!(world.step(&at(7), &[("fetch", json!({}))]).await[0].failure, None);
    let refused = &world.step(&at(8), &[("fetch", json!({}))]).await[0];
    assert_eq!(refused.failure, Some(ToolFailure::TooManySteps));
    assert!(data(refused)["message"].as_str().unwrap().contains("answer the visitor now"));
    assert_eq!(tool.calls(), 1);
}

#[tokio::test]
async fn a_step_with_too_many_calls_is_cut() {
    let (world, tool) = one("fetch", |_| {});
    let results = world.step(&world.context(1, ""), &vec![("fetch", json!({})); 40]).await;
    assert_eq!(results.len(), 40);
    assert_eq!(tool.calls(), 16);
    assert_eq!(results[39].failure, Some(ToolFailure::TooManySteps));
}

#[tokio::test]
async fn a_call_that_is_dropped_is_told_to_have_failed() {
    let (mut world, tool) = one("fetch", |tool| tool.takes = Duration::from_secs(1));
    let uses = vec![ToolUse { id: "1".to_owned(), name: "fetch".to_owned(), arguments: String::new() }];
    let context = world.context(1, "");
    let (registry, allowed) = (world.registry.clone(), all());
    {
        let calling = registry.call(uses, &allowed, &context);
        tokio::pin!(calling);
        assert!(futures_util::poll!(&mut calling).is_pending());
    }
    assert_eq!(tool.calls(), 1);
    let statuses: Vec<ToolStatus> = world.told().iter().map(|told| told.1).collect();
    assert_eq!(statuses, [ToolStatus::Started, ToolStatus::Error]);
}

/// A tool that changes something.
fn booking() -> (World, Arc<Scripted>) {
    one("book", |tool| tool.policy.changes_something = true)
}

#[tokio::test]
async fn nothing_is_changed_before_the_visitor_was_asked_and_has_said_yes() {
    for (wish, yes) in [("Book me ten o'clock", "Yes, please"), ("احجز لي الساعة العاشرة", "نعم من فضلك")]
    {
        let (world, tool) = booking();
        let slot = || json!({"slot": "ten"});
        // Even a wish that sounds like a yes is none: nobody has asked yet.
        let first = world.step(&world.context(1, wish), &[("book", slot())]).await.remove(0);
        assert_eq!(first.failure, Some(ToolFailure::NeedsConfirmation));
        assert_eq!(data(&first)["ask_the_visitor"], "Shall I book ten?");
        let again = world.step(&world.context(1, yes), &[("book", slot())]).await.remove(0);
        assert_eq!(again.failure, Some(ToolFailure::NeedsConfirmation), "in the same turn nobody has answered");
        assert_eq!(tool.calls(), 0);
        let done = world.step(&world.context(2, yes), &[("book", slot())]).await.remove(0);
        assert_eq!((done.failure, tool.calls()), (None, 1), "{}", done.content);
        let twice = world.step(&world.context(3, yes), &[("book", slot())]).await.remove(0);
        assert_eq!((twice.failure, tool.calls()), (Some(ToolFailure::NeedsConfirmation), 1), "one yes, one booking");
    }
}

#[tokio::test]
async fn a_no_or_a_wait_stops_it_in_both_languages_and_what_is_unclear_is_asked_again() {
    for no in ["No", "wait, not now", "لا", "لحظة، ليس الآن"] {
        let (world, tool) = booking();
        world.step(&world.context(1, ""), &[("book", json!({"slot": "ten"}))]).await;
        let refused = world.step(&world.context(2, no), &[("book", json!({"slot": "ten"}))]).await.remove(0);
        assert_eq!((refused.failure, tool.calls()), (Some(ToolFailure::NeedsConfirmation), 0), "{no}");
        assert!(data(&refused)["message"].as_str().unwrap().contains("did not agree"), "{}", refused.content);
    }
    for unclear in ["What does it cost?", "كم السعر؟", "I am Sara"] {
        let (world, tool) = booking();
        world.step(&world.context(1, ""), &[("book", json!({"slot": "ten"}))]).await;
        let asked = world.step(&world.context(2, unclear), &[("book", json!({"slot": "ten"}))]).await.remove(0);
        assert_eq!(data(&asked)["ask_the_visitor"], "Shall I book ten?", "{unclear}");
        assert_eq!(tool.calls(), 0);
        let done = world.step(&world.context(3, "yes"), &[("book", json!({"slot": "ten"}))]).await.remove(0);
        assert_eq!((done.failure, tool.calls()), (None, 1));
    }
}

#[tokio::test]
async fn a_yes_to_one_thing_is_none_to_another() {
    let (world, tool) = booking();
    world.step(&world.context(1, ""), &[("book", json!({"slot": "ten"}))]).await;
    let other = world.step(&world.context(2, "yes"), &[("book", json!({"slot": "eleven"}))]).await.remove(0);
    assert_eq!((other.failure, tool.calls()), (Some(ToolFailure::NeedsConfirmation), 0));
    let mut late = world.context(9, "yes");
    let lapsed = world.step(&late, &[("book", json!({"slot": "ten"}))]).await.remove(0);
    assert_eq!((lapsed.failure, tool.calls()), (Some(ToolFailure::NeedsConfirmation), 0), "too long ago");
    late.visit = VisitId::generate();
    late.turn = TurnId(10);
    let stranger = world.step(&late, &[("book", json!({"slot": "ten"}))]).await.remove(0);
    assert_eq!((stranger.failure, tool.calls()), (Some(ToolFailure::NeedsConfirmation), 0), "another visit");
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_before_anybody_is_asked() {
    let (world, tool) = booking();
    let refused = world.step(&world.context(1, ""), &[("book", json!({"slot": "taken"}))]).await.remove(0);
    assert_eq!(refused.failure, Some(ToolFailure::Refused));
    assert_eq!(data(&refused)["message"], "This slot is taken.");
    let again = world.step(&world.context(2, "yes"), &[("book", json!({"slot": "taken"}))]).await.remove(0);
    assert_eq!((again.failure, tool.calls()), (Some(ToolFailure::Refused), 0));
}

#[test]
fn specs_are_shared_until_something_comes_or_goes() {
    let world =
        World::new(|clock| vec![Arc::new(Scripted::new("book", clock)), Arc::new(Scripted::new("crm_find", clock))]);
    let crm = [ToolPrefix("crm_*".to_owned())];
    let names = |allowed: &[ToolPrefix]| -> Vec<String> {
        world.registry.specs(allowed).iter().map(|spec| spec.name.clone()).collect()
    };
    assert_eq!((names(&all()).len(), names(&crm)), (2, vec!["crm_find".to_owned()]));
    assert!(Arc::ptr_eq(&world.registry.specs(&crm), &world.registry.specs(&crm)));

    let before = world.registry.specs(&all());
    let server = vec![shared(&Arc::new(Scripted::new("time_now", &world.clock)))];
    assert_eq!(world.registry.replace("time", server), []);
    assert!(!Arc::ptr_eq(&before, &world.registry.specs(&all())));
    assert_eq!(names(&all()), ["book", "crm_find", "time_now"]);
    assert!(world.registry.policy("time_now").is_some());
    world.registry.replace("time", Vec::new());
    assert_eq!(names(&all()), ["book", "crm_find"]);
    assert!(world.registry.policy("time_now").is_none());
}

#[test]
fn names_that_collide_and_schemas_that_are_none_are_told_and_the_rest_works() {
    let clock = ManualClock::default();
    let mut wrong = Scripted::new("wrong", &clock);
    wrong.spec.parameters = json!({"type": "object", "properties": {"a": {"type": "text"}}});
    let tools =
        [Scripted::new("book", &clock), Scripted::new("book", &clock), wrong, Scripted::new("bad name", &clock)];
    let words = Words::load(Path::new("assets")).unwrap();
    let (registry, faults) = Registry::new(
        tools.into_iter().map(|tool| shared(&Arc::new(tool))).collect(),
        &config::Tools::default(),
        &words,
        Bus::new(Arc::new(clock.clone())),
        Arc::new(clock.clone()),
    );
    assert_eq!(registry.specs(&all()).len(), 1);
    assert!(matches!(&faults[0], ToolFault::Collision { name, .. } if name == "book"), "{faults:?}");
    assert!(matches!(&faults[1], ToolFault::Schema { name, why } if name == "wrong" && why.contains("/properties/a")));
    assert!(matches!(&faults[2], ToolFault::Name { name } if name == "bad name"));
    let fault = registry.replace("crm", vec![shared(&Arc::new(Scripted::new("book", &clock)))]).remove(0).to_string();
    assert!(fault.contains("the server \"crm\"") && fault.contains("the kiosk has"), "{fault}");
}
