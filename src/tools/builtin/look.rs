//! `look`: a fresh look through the camera.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use image::{RgbImage, codecs::jpeg::JpegEncoder};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::read;
use crate::{
    camera::{FrameSlot, shrink},
    config,
    event::{Bus, Connection, Event, Language, Sight, ToolSpec},
    llm::{LabelledPicture, Observer},
    tools::{CallContext, Policy, Tool, ToolError, ToolOutput},
};

/// The longest description that is passed on, characters.
const MAX_CHARS: usize = 600;

/// Looks.
#[async_trait]
pub trait Looker: Send + Sync + 'static {
    /// What is to be seen now that answers `question`, in `language`.
    ///
    /// # Errors
    /// Nothing can be seen, or told.
    async fn look(&self, question: &str, language: Language) -> Result<String, LookError>;
}

/// Why nothing was seen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookError {
    /// There is no camera, it shows nothing, or nobody stands in front of it.
    #[error("Nothing can be seen: there is no picture of a visitor.")]
    NoPicture,
    /// The model that sees cannot be asked just now.
    #[error("The picture could not be looked at just now.")]
    Unavailable,
    /// What it said is not for repeating.
    #[error("Nothing can be said about this picture.")]
    Indiscreet,
}

/// `look`
pub struct Look {
    spec: ToolSpec,
    policy: Policy,
    looker: Arc<dyn Looker>,
}

impl Look {
    /// Looks with `looker`, which may take as long as `limit`.
    #[must_use]
    pub fn new(looker: Arc<dyn Looker>, limit: Duration) -> Self {
        let description = "Takes a fresh look through the camera, at what the visitor shows, holds or points at. Call it when the \
                           visitor asks you to look at something, or when the answer needs it; never to tell who somebody is \
                           or what they look like.";
        let parameters = json!({
            "type": "object",
            "properties": {
                "question": {"type": "string", "minLength": 1, "maxLength": 300, "description": "What to look for"}
            },
            "required": ["question"],
            "additionalProperties": false
        });
        Self {
            spec: ToolSpec { name: "look".to_owned(), description: description.to_owned(), parameters },
            policy: Policy {
                time_out: limit,
                retries: 0,
                is_parallel: true,
                prerequisites: Vec::new(),
                changes_something: false,
                says: "tool.look",
                icon: "camera",
            },
            looker,
        }
    }
}

#[derive(Deserialize)]
struct Arguments {
    question: String,
}

#[async_trait]
impl Tool for Look {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn policy(&self) -> &Policy {
        &self.policy
    }

    async fn call(&self, arguments: Value, context: &CallContext) -> Result<ToolOutput, ToolError> {
        let Arguments { question } = read(arguments)?;
        match self.looker.look(&question, context.language).await {
            Ok(seen) => Ok(ToolOutput { content: json!({ "seen": seen }), effects: Vec::new() }),
            Err(error @ LookError::Unavailable) => Err(ToolError::Unavailable(error.to_string())),
            Err(error) => Err(ToolError::Refused(error.to_string())),
        }
    }
}

/// What a [`CameraLooker`] needs.
pub struct LookParts {
    /// Where the camera's latest picture is.
    pub slot: Arc<FrameSlot>,
    /// Whether somebody attends: nobody else is looked at.
    pub sight: watch::Receiver<Sight>,
    /// Whether services answer.
    pub connection: watch::Receiver<Connection>,
    /// The model that sees.
    pub observer: Arc<dyn Observer>,
    /// Whether a description says nothing about people that must not be said.
    pub is_discreet: fn(&str) -> bool,
    /// Is told of each picture that is sent.
    pub bus: Bus,
    /// The size and quality of pictures.
    pub config: config::VisualContext,
}

/// Shows the camera's present picture to the model that sees.
pub struct CameraLooker {
    parts: LookParts,
}

impl CameraLooker {
    /// Looks with these.
    #[must_use]
    pub fn new(parts: LookParts) -> Self {
        Self { parts }
    }
}

#[async_trait]
impl Looker for CameraLooker {
    async fn look(&self, question: &str, language: Language) -> Result<String, LookError> {
        let parts = &self.parts;
        if !parts.sight.borrow().visitor.is_some_and(|visitor| visitor.is_attending) {
            return Err(LookError::NoPicture);
        }
        if *parts.connection.borrow() == Connection::Offline {
            return Err(LookError::Unavailable);
        }
        let frame = parts.slot.latest().ok_or(LookError::NoPicture)?;
        let (side_px, quality) = (parts.config.long_side_px, parts.config.jpeg_quality);
        // Some milliseconds of work, which the conversation's threads must not wait for.
        let encoding = tokio::task::spawn_blocking(move || encode(&frame.picture, side_px, quality));
        let jpeg = encoding.await.ok().and_then(Result::ok).ok_or(LookError::NoPicture)?;
        let label = format!("the picture of this moment; what is wanted to be known of it: {question}");
        parts.bus.publish(Event::PicturesObserved { seen: 0, sent: 1 });
        let seen = parts.observer.observe(&[LabelledPicture { label, jpeg }], language).await.map_err(|error| {
            tracing::debug!(%error, "the model that sees failed");
            LookError::Unavailable
        })?;
        let seen = seen.split_whitespace().collect::<Vec<_>>().join(" ");
        if seen.is_empty() || seen.chars().count() > MAX_CHARS || !(parts.is_discreet)(&seen) {
            return Err(LookError::Indiscreet);
        }
        Ok(seen)
    }
}

fn encode(picture: &Arc<RgbImage>, side_px: u32, quality: u32) -> image::ImageResult<Arc<[u8]>> {
    let small = shrink(RgbImage::clone(picture), side_px);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, u8::try_from(quality).unwrap_or(u8::MAX)).encode_image(&small)?;
    Ok(jpeg.into())
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::{
        camera::Frame,
        clock::ManualClock,
        cloud::{FailureKind, ProviderError},
        event::{SeenVisitor, TrackId},
        tools::testing::context,
    };

    /// Says what the test says, and keeps what it was asked.
    struct Says(Result<&'static str, FailureKind>, Mutex<Vec<LabelledPicture>>);

    #[async_trait]
    impl Observer for Says {
        async fn observe(&self, pictures: &[LabelledPicture], _language: Language) -> Result<String, ProviderError> {
            self.1.lock().unwrap().extend(pictures.iter().cloned());
            self.0.map(str::to_owned).map_err(|kind| ProviderError::new("cloud", kind, ""))
        }
    }

    fn somebody(is_attending: bool) -> Sight {
        let visitor = SeenVisitor { track: TrackId(1), centre: [0.5; 2], height: 0.3, is_attending, mouth_motion: 0.0 };
        Sight { is_seeing: true, people_near: 1, visitor: Some(visitor) }
    }

    async fn look(
        says: Result<&'static str, FailureKind>,
        sight: Sight,
        connection: Connection,
    ) -> (Result<ToolOutput, ToolError>, Vec<LabelledPicture>) {
        let slot = Arc::new(FrameSlot::default());
        slot.publish(Frame { sequence: 1, at: Duration::ZERO, picture: Arc::new(RgbImage::new(1280, 720)) });
        let observer = Arc::new(Says(says, Mutex::default()));
        let looker = CameraLooker::new(LookParts {
            slot,
            sight: watch::channel(sight).1,
            connection: watch::channel(connection).1,
            observer: observer.clone(),
            is_discreet: |text| !text.contains("woman"),
            bus: Bus::new(Arc::new(ManualClock::default())),
            config: config::VisualContext::default(),
        });
        let tool = Look::new(Arc::new(looker), Duration::from_secs(5));
        let output = tool.call(json!({"question": "What do I hold?"}), &context()).await;
        let pictures = observer.1.lock().unwrap().clone();
        (output, pictures)
    }

    #[tokio::test]
    async fn the_present_picture_is_looked_at_with_the_question() {
        let (output, pictures) = look(Ok("A person holds\n a ticket."), somebody(true), Connection::Online).await;
        assert_eq!(output.unwrap().content, json!({"seen": "A person holds a ticket."}));
        assert_eq!(pictures.len(), 1);
        assert!(pictures[0].label.contains("What do I hold?"), "{}", pictures[0].label);
        let picture = image::load_from_memory(&pictures[0].jpeg).unwrap();
        assert!(picture.width() <= config::VisualContext::default().long_side_px);
    }

    #[tokio::test]
    async fn nobody_who_does_not_attend_is_looked_at_and_nothing_is_sent_without_a_service() {
        for (sight, connection) in [
            (somebody(false), Connection::Online),
            (Sight::default(), Connection::Online),
            (somebody(true), Connection::Offline),
        ] {
            let (output, pictures) = look(Ok("A person."), sight, connection).await;
            assert!(output.is_err() && pictures.is_empty());
        }
    }

    #[tokio::test]
    async fn what_must_not_be_said_of_people_is_not_passed_on_and_a_failure_is_told() {
        let (output, _) = look(Ok("A young woman smiles."), somebody(true), Connection::Online).await;
        assert!(matches!(output, Err(ToolError::Refused(told)) if !told.contains("woman")));
        let (output, _) = look(Err(FailureKind::TimedOut), somebody(true), Connection::Online).await;
        assert!(matches!(output, Err(ToolError::Unavailable(_))));
    }
}
