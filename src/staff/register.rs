//! The people who may be recognised, in memory: their patterns as a gallery and their names, made from the database and
//! made anew when that changes, whichever process changes it.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use arc_swap::ArcSwap;
use async_trait::async_trait;

use super::WallClock;
use crate::{
    conversation::{ForgetError, VisitorRecords},
    event::{KnownVisitor, VisitId, VisitorId, staff::Removed},
    store::{Actor, AuditAction, AuditEntry, NewFace, People, Record, StaffEvent, StoreError, StoredCrop, UnixMillis},
    vision::{Embedding, Gallery, KnownPeople, VisionError},
};

/// Makes the numbers of an aligned face, 112 × 112.
pub type Embed<'a> = dyn FnMut(&image::RgbImage) -> Result<Embedding, VisionError> + 'a;

/// Which recogniser's patterns are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecogniserId {
    /// Its name in the manifest.
    pub name: String,
    /// How many numbers it makes.
    pub dimensions: usize,
}

/// The people on record as the eyes and the conversation see them. Cheap to clone.
#[derive(Clone)]
pub struct Register {
    shared: Arc<Shared>,
}

struct Shared {
    people: People,
    recogniser: RecogniserId,
    retention_days: u32,
    wall: WallClock,
    gallery: Arc<ArcSwap<Gallery>>,
    names: ArcSwap<HashMap<VisitorId, KnownVisitor>>,
    /// The database's count of changes that the gallery was made from.
    changes: AtomicI64,
    is_paused: AtomicBool,
}

/// What a gallery was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loaded {
    /// People in it.
    pub people: usize,
    /// Patterns in it.
    pub embeddings: usize,
    /// Patterns of other recognisers, which are not in it.
    pub of_others: u32,
    /// Patterns that do not decrypt, which are not in it either.
    pub unreadable: usize,
}

impl Register {
    /// An empty register: [`Register::load`] fills it.
    #[must_use]
    pub fn new(people: People, recogniser: RecogniserId, retention_days: u32, wall: WallClock) -> Self {
        let gallery = Gallery::new(&recogniser.name, recogniser.dimensions);
        let shared = Shared {
            people,
            recogniser,
            retention_days,
            wall,
            gallery: Arc::new(ArcSwap::from_pointee(gallery)),
            names: ArcSwap::default(),
            changes: AtomicI64::new(-1),
            is_paused: AtomicBool::new(false),
        };
        Self { shared: Arc::new(shared) }
    }

    /// The people in the database.
    #[must_use]
    pub fn people(&self) -> &People {
        &self.shared.people
    }

    /// Whose patterns are used.
    #[must_use]
    pub fn recogniser(&self) -> &RecogniserId {
        &self.shared.recogniser
    }

    /// The patterns of everybody who may be recognised. Replaced as a whole.
    #[must_use]
    pub fn gallery(&self) -> Arc<ArcSwap<Gallery>> {
        self.shared.gallery.clone()
    }

    /// The present time by the wall clock.
    #[must_use]
    pub fn now(&self) -> UnixMillis {
        (self.shared.wall)().into()
    }

    /// Until when somebody who agrees or comes now is kept.
    #[must_use]
    pub fn retained_until(&self, now: UnixMillis) -> UnixMillis {
        UnixMillis(now.0 + i64::from(self.shared.retention_days) * 24 * 60 * 60 * 1_000)
    }

    /// Staff pause recognition, or let it go on: while it is paused nobody is known.
    pub fn set_paused(&self, is_paused: bool) {
        self.shared.is_paused.store(is_paused, Ordering::Release);
    }

    /// Makes gallery and names anew from the database. Blocks its thread for some milliseconds, with thousands of
    /// people for some hundred.
    ///
    /// # Errors
    /// The database cannot be read: gallery and names stay as they are.
    pub fn load(&self) -> Result<Loaded, StoreError> {
        let shared = &self.shared;
        let reader = shared.people.reader()?;
        // Asked first: what changes meanwhile is noticed the next time.
        let changes = reader.changes()?;
        let faces = reader.faces(&shared.recogniser.name, shared.recogniser.dimensions, self.now())?;
        let mut gallery = Gallery::new(&shared.recogniser.name, shared.recogniser.dimensions);
        let mut names = HashMap::new();
        let mut unreadable = faces.unreadable;
        for face in faces.faces {
            let Some(embedding) = Embedding::normalised(face.values) else { continue };
            if let Entry::Vacant(place) = names.entry(face.visitor) {
                let Some(known) = reader.known(face.visitor)? else {
                    let row = format!("visitors {}", face.visitor);
                    if !unreadable.contains(&row) {
                        unreadable.push(row);
                    }
                    continue;
                };
                place.insert(known);
            }
            if let Err(error) = gallery.insert(face.visitor, &shared.recogniser.name, &embedding) {
                tracing::error!(%error, visitor = %face.visitor, "an embedding is left out of the gallery");
            }
        }
        let loaded = Loaded {
            people: gallery.people(),
            embeddings: gallery.len(),
            of_others: faces.of_others,
            unreadable: unreadable.len(),
        };
        shared.gallery.store(Arc::new(gallery));
        shared.names.store(Arc::new(names));
        shared.changes.store(changes, Ordering::Release);
        self.tell_staff(&unreadable, faces.of_others);
        Ok(loaded)
    }

    /// Loads again if the database has changed since. Whether it has. Blocks its thread.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn refresh(&self) -> Result<bool, StoreError> {
        let changes = self.shared.people.reader()?.changes()?;
        if changes == self.shared.changes.load(Ordering::Acquire) {
            return Ok(false);
        }
        self.load().map(|_| true)
    }

    /// Staff read in their log, by id alone, what cannot be used.
    fn tell_staff(&self, unreadable: &[String], of_others: u32) {
        let tell = |status: &str, detail: String| {
            tracing::warn!(status, %detail, "people on record");
            self.shared.people.record(Record::Staff(StaffEvent {
                id: uuid::Uuid::now_v7(),
                at: self.now(),
                kind: "device".to_owned(),
                subject: "people".to_owned(),
                status: status.to_owned(),
                detail,
            }));
        };
        if !unreadable.is_empty() {
            let detail = format!(
                "{} row(s) do not open with the store's key and are left out: {}",
                unreadable.len(),
                unreadable.join(", ")
            );
            tell("unreadable", detail);
        }
        if of_others > 0 {
            let name = &self.shared.recogniser.name;
            let detail = format!(
                "{of_others} pattern(s) were made by another recogniser than \"{name}\" and are not used; \
                 `majlis visitors embed` makes new ones of kept pictures, `majlis visitors list` shows who needs new pictures"
            );
            tell("other_recogniser", detail);
        }
    }

    /// Makes patterns for this recogniser from the crops of those who have none, where consent covers crops. How many
    /// people can be recognised again. Blocks on `embed`.
    ///
    /// # Errors
    /// The database cannot be read or changed.
    pub async fn embed_again(&self, embed: &mut Embed<'_>) -> Result<usize, StoreError> {
        let crops = self.shared.people.reader()?.crops_without_faces(&self.shared.recogniser.name, self.now())?;
        let mut people: Vec<(VisitorId, Vec<NewFace>)> = Vec::new();
        for crop in crops {
            let Some(face) = self.face_of(&crop, embed) else { continue };
            match people.last_mut() {
                Some((visitor, faces)) if *visitor == crop.visitor => faces.push(face),
                _ => people.push((crop.visitor, vec![face])),
            }
        }
        let count = people.len();
        for (visitor, faces) in people {
            self.shared.people.add_faces(visitor, faces, self.now()).await?;
        }
        Ok(count)
    }

    fn face_of(&self, crop: &StoredCrop, embed: &mut Embed<'_>) -> Option<NewFace> {
        let picture = image::load_from_memory_with_format(&crop.png, image::ImageFormat::Png)
            .inspect_err(|error| tracing::error!(%error, visitor = %crop.visitor, "a kept crop is no picture"))
            .ok()?;
        let embedding = embed(&picture.into_rgb8())
            .inspect_err(|error| tracing::error!(%error, visitor = %crop.visitor, "a kept crop cannot be embedded"))
            .ok()?;
        Some(NewFace {
            recogniser: self.shared.recogniser.name.clone(),
            pose: crop.pose,
            quality: crop.quality,
            values: embedding.values().to_vec(),
            crop_png: None,
        })
    }

    /// Forgets somebody, in the database and in memory. Tells what was removed.
    ///
    /// # Errors
    /// The database did not take it. In memory they are forgotten all the same, until the next start.
    pub async fn forget(&self, visitor: VisitorId, actor: Actor) -> Result<Removed, StoreError> {
        self.drop_from_memory(visitor);
        self.shared.people.forget(visitor, actor, self.now()).await
    }

    fn drop_from_memory(&self, visitor: VisitorId) {
        self.shared.gallery.rcu(|gallery| {
            let mut gallery = Gallery::clone(gallery);
            gallery.remove(visitor);
            gallery
        });
        self.shared.names.rcu(|names| {
            let mut names = HashMap::clone(names);
            names.remove(&visitor);
            names
        });
    }
}

impl KnownPeople for Register {
    fn known(&self, visitor: VisitorId) -> Option<KnownVisitor> {
        if self.shared.is_paused.load(Ordering::Acquire) {
            return None;
        }
        self.shared.names.load().get(&visitor).cloned()
    }

    fn is_recognising(&self) -> bool {
        !self.shared.is_paused.load(Ordering::Acquire)
    }
}

#[async_trait]
impl VisitorRecords for Register {
    fn greeted(&self, visitor: VisitorId, visit: VisitId) {
        let at = self.now();
        let retained_until = self.retained_until(at);
        self.shared.people.record(Record::Recognised { visit, visitor, at, retained_until });
    }

    fn denied(&self, visitor: VisitorId) {
        let entry = AuditEntry::new(self.now(), Actor::Visitor, AuditAction::Denied, Some(visitor.0));
        self.shared.people.record(Record::Audit(entry));
    }

    async fn forget(&self, visitor: VisitorId) -> Result<(), ForgetError> {
        match Register::forget(self, visitor, Actor::Visitor).await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::error!(%error, %visitor, "somebody who asked to be forgotten is still on record");
                Err(ForgetError(error.to_string()))
            }
        }
    }
}
