//! The eyes: one picture after the other → presence, identity, the [`Sight`], and commands for the conversation.
//!
//! They know no thread and no camera: whoever has a picture lets them [`look`](Eyes::look) at it. A replay does so in
//! virtual time.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use super::{
    EyesCommand, EyesMode, Face, Faces, Glimpse, Tracker, VisionError,
    mouth::{Mouth, UNSEEN},
    presence::{Happening, Presence},
};
use crate::{
    camera::Frame,
    config,
    event::{Bus, Command, Event, Sight, TrackId},
};

mod knowing;
#[cfg(test)]
mod tests;

pub use knowing::Recognition;
use knowing::{Knowing, News};

/// Pictures looked at in a second while there is no face.
const IDLE_FRAMES_PER_SECOND: u32 = 2;

/// A visitor is announced without a name when it is not known by then. Votes are gathered while they come up, so that
/// this is rarely used.
const NAME_AWAITED: Duration = Duration::from_millis(500);

/// Commands that the conversation has not taken yet. When it is full the oldest is dropped: the newest tell who is there.
const COMMANDS_WAITING: usize = 16;

/// Where the eyes' findings go.
#[derive(Clone)]
pub struct Outlets {
    /// Events.
    pub bus: Bus,
    /// What the camera shows now.
    pub sight: watch::Sender<Sight>,
    /// The conversation. What it does not take at once waits here and is offered again with the next picture.
    pub commands: mpsc::Sender<Command>,
    /// Pictures read for enrolment.
    pub glimpses: watch::Sender<Option<Arc<Glimpse>>>,
}

/// What the eyes are made of.
pub struct EyesParts {
    /// The networks.
    pub faces: Box<dyn Faces>,
    /// `[vision]`
    pub vision: config::Vision,
    /// `[presence]`
    pub presence: config::Presence,
    /// Whom to recognise; `None`: nobody.
    pub recognition: Option<Recognition>,
    /// Where the findings go.
    pub outlets: Outlets,
    /// What the eyes are used for.
    pub mode: watch::Receiver<EyesMode>,
    /// What the conversation says to them.
    pub asked: mpsc::Receiver<EyesCommand>,
}

/// The eyes.
pub struct Eyes {
    faces: Box<dyn Faces>,
    vision: config::Vision,
    outlets: Outlets,
    mode: watch::Receiver<EyesMode>,
    asked: mpsc::Receiver<EyesCommand>,
    tracker: Tracker,
    presence: Presence,
    knowing: Option<Knowing>,
    mouth: Mouth,
    mouth_of: Option<TrackId>,
    mouth_motion: f32,
    /// A visitor who was not announced yet, and since when they are there.
    arrival: Option<(TrackId, Duration)>,
    waiting: VecDeque<Command>,
    is_enrolling: bool,
    has_faces: bool,
}

impl Eyes {
    /// Eyes that have seen nothing.
    #[must_use]
    pub fn new(parts: EyesParts) -> Self {
        let EyesParts { faces, vision, presence, recognition, outlets, mode, asked } = parts;
        Self {
            tracker: Tracker::new(Duration::from_millis(presence.left_after_ms)),
            presence: Presence::new(presence),
            knowing: recognition.map(|recognition| Knowing::new(recognition, &vision)),
            faces,
            vision,
            outlets,
            mode,
            asked,
            mouth: Mouth::default(),
            mouth_of: None,
            mouth_motion: UNSEEN,
            arrival: None,
            waiting: VecDeque::new(),
            is_enrolling: false,
            has_faces: false,
        }
    }

    /// Looks at a picture. Pictures come in order.
    ///
    /// # Errors
    /// A network failed; the picture counts as not seen.
    pub fn look(&mut self, frame: &Frame) -> Result<(), VisionError> {
        self.obey();
        let mode = *self.mode.borrow();
        if mode == EyesMode::Enrolment {
            return self.read_for_enrolment(frame);
        }
        if std::mem::take(&mut self.is_enrolling) {
            self.outlets.glimpses.send_replace(None);
        }
        let faces = self.faces.detect(&frame.picture)?;
        self.has_faces = !faces.is_empty();
        self.tracker.follow(frame.at, &faces);
        let [width, height] = [frame.picture.width() as f32, frame.picture.height() as f32];
        let happenings = self.presence.follow(frame.at, self.tracker.tracks(), [width, height]);
        self.tell(happenings, frame.at);
        self.watch_mouth(frame);
        self.outlets.sight.send_replace(self.presence.sight(self.mouth_motion));
        let recognised = self.recognise(frame);
        self.announce(frame.at);
        self.flush();
        recognised
    }

    /// How long the eyes rest between the beginnings of two looks: longer while nobody is there.
    #[must_use]
    pub fn interval(&self) -> Duration {
        let wanted = self.vision.frames_per_second.max(1);
        let somebody = self.has_faces || self.is_enrolling || self.presence.watched().is_some();
        Duration::from_secs(1) / if somebody { wanted } else { wanted.min(IDLE_FRAMES_PER_SECOND) }
    }

    /// The camera shows nothing (lost, black, frozen, or a network that fails): from now on whoever speaks counts. The
    /// visit goes on by voice.
    pub fn go_blind(&mut self) {
        self.obey();
        self.flush();
        self.mouth.lose();
        self.outlets.sight.send_if_modified(|sight| std::mem::take(sight) != Sight::default());
        if self.is_enrolling {
            self.outlets.glimpses.send_if_modified(|glimpse| glimpse.take().is_some());
        }
    }

    /// A recording has come to its end: who was not in its last picture has left.
    pub fn end(&mut self) {
        let happenings = self.presence.end();
        let at = self.presence.now();
        self.tell(happenings, at);
        self.go_blind();
    }

    // ---- coming and going -------------------------------------------------------------------------------------------

    fn tell(&mut self, happenings: Vec<Happening>, at: Duration) {
        for happening in happenings {
            match happening {
                Happening::Changed(track, change) => self.outlets.bus.publish(Event::Presence { track, change }),
                Happening::VisitorArrived(track) => self.arrival = Some((track, at)),
                Happening::VisitorLeft(_) => {
                    // Who was never announced need not be taken leave of.
                    if self.arrival.take().is_none() {
                        self.command(Command::VisitorLeft);
                    }
                    if let Some(knowing) = &mut self.knowing {
                        knowing.end_visit();
                    }
                }
            }
        }
    }

    /// Announces the visitor: by name as soon as it is known, without one when it would take too long.
    fn announce(&mut self, at: Duration) {
        let Some((track, since)) = self.arrival else { return };
        let known = self.knowing.as_ref().and_then(|knowing| knowing.person(track));
        let may_be_known = self.knowing.as_ref().is_some_and(|knowing| knowing.is_asking(track));
        let command = match known {
            Some(visitor) => Command::VisitorRecognised(Box::new(visitor)),
            None if may_be_known && at.saturating_sub(since) < NAME_AWAITED => return,
            None => Command::VisitorArrived,
        };
        self.arrival = None;
        self.command(command);
    }

    // ---- who it is --------------------------------------------------------------------------------------------------

    fn recognise(&mut self, frame: &Frame) -> Result<(), VisionError> {
        let Some(knowing) = &mut self.knowing else { return Ok(()) };
        knowing.follow(self.tracker.tracks());
        let Some(track) = self.presence.watched() else { return Ok(()) };
        let Some(track) = self.tracker.tracks().iter().find(|own| own.id == track && own.is_in_picture(frame.at))
        else {
            return Ok(());
        };
        let (id, face) = (track.id, track.face);
        match knowing.look(id, &face, frame, &mut *self.faces)? {
            None => {}
            Some(News::Decided(decision)) => {
                self.outlets.bus.publish(Event::Identity {
                    track: id,
                    visitor: decision.visitor,
                    score: decision.score,
                    margin: decision.margin,
                    votes: decision.votes,
                });
                if !decision.is_alive {
                    tracing::info!(track = %id, "a face is not greeted by name: it may be a picture");
                }
                // Who was announced without a name gets it now, if nothing was said yet.
                let is_announced = self.presence.visitor() == Some(id) && self.arrival.is_none();
                if let Some(visitor) = knowing.person(id).filter(|_| is_announced) {
                    self.command(Command::VisitorRecognised(Box::new(visitor)));
                }
            }
            Some(News::IsAnother) => {
                self.tracker.split(id);
                let happenings = self.presence.replace(id);
                self.tell(happenings, frame.at);
            }
        }
        Ok(())
    }

    fn obey(&mut self) {
        while let Ok(command) = self.asked.try_recv() {
            match command {
                EyesCommand::NotThem(visitor) => {
                    if let Some(knowing) = &mut self.knowing {
                        knowing.deny(visitor);
                    }
                }
            }
        }
    }

    // ---- the mouth --------------------------------------------------------------------------------------------------

    fn watch_mouth(&mut self, frame: &Frame) {
        let watched = self.presence.watched();
        if self.mouth_of != watched {
            (self.mouth_of, self.mouth, self.mouth_motion) = (watched, Mouth::default(), UNSEEN);
        }
        let tracks = self.tracker.tracks();
        match tracks.iter().find(|track| Some(track.id) == watched && track.is_in_picture(frame.at)) {
            Some(track) => self.mouth_motion = self.mouth.look(frame.at, &frame.picture, &track.face),
            None => {
                self.mouth.lose();
                self.mouth_motion = UNSEEN;
            }
        }
    }

    // ---- enrolment --------------------------------------------------------------------------------------------------

    fn read_for_enrolment(&mut self, frame: &Frame) -> Result<(), VisionError> {
        if !std::mem::replace(&mut self.is_enrolling, true) {
            let happenings = self.presence.clear();
            self.tell(happenings, frame.at);
            self.tracker.clear();
            self.arrival = None;
        }
        self.outlets.sight.send_replace(Sight { is_seeing: true, ..Sight::default() });
        self.flush();
        let faces = self.faces.detect(&frame.picture)?;
        self.has_faces = !faces.is_empty();
        let largest = faces.iter().max_by(|a, b| area(a).total_cmp(&area(b)));
        let reading = largest.map(|face| self.faces.read(&frame.picture, face, faces.len()));
        let (faces, outcome) = match reading.transpose() {
            // A face that cannot be aligned is one that cannot be read: the picture says so, and nothing is broken.
            Err(VisionError::Alignment(_)) => (Vec::new(), Ok(())),
            Err(error) => (Vec::new(), Err(error)),
            Ok(reading) => (reading.into_iter().collect(), Ok(())),
        };
        self.outlets.glimpses.send_replace(Some(Arc::new(Glimpse { frame: frame.clone(), faces })));
        outcome
    }

    // ---- to the conversation ----------------------------------------------------------------------------------------

    fn command(&mut self, command: Command) {
        if self.waiting.len() == COMMANDS_WAITING {
            self.waiting.pop_front();
            self.outlets.bus.publish(Event::Dropped { what: "eyes_commands", count: 1 });
        }
        self.waiting.push_back(command);
    }

    fn flush(&mut self) {
        while let Some(command) = self.waiting.pop_front() {
            match self.outlets.commands.try_send(command) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(command)) => {
                    self.waiting.push_front(command);
                    return;
                }
                // The conversation has ended, and with it the need to tell it.
                Err(mpsc::error::TrySendError::Closed(_)) => self.waiting.clear(),
            }
        }
    }
}

fn area(face: &Face) -> f32 {
    face.bounds.width * face.bounds.height
}
