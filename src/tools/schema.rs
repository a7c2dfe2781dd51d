//! Arguments against the JSON schema of their tool; what is wrong with them in words for the model.

use jsonschema::{PatternOptions, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::Value;

use super::result::cut;

/// Arguments longer than this are no arguments, bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Faults that are told of one call.
const MAX_FAULTS: usize = 5;
/// What is shown of one fault, characters.
const MAX_FAULT_CHARS: usize = 240;
/// Steps of a pattern's match; a pattern of a server that we do not know must not hold up a visitor.
const BACKTRACK_LIMIT: usize = 10_000;

/// The arguments that a tool takes.
pub(super) struct Arguments {
    validator: Validator,
    /// `phone (string, required), day (string)`
    allowed: String,
}

impl Arguments {
    /// Reads the schema. Nothing outside it is ever fetched: a `$ref` to elsewhere is an error.
    pub(super) fn new(schema: &Value) -> Result<Self, String> {
        match schema.get("type") {
            Some(kind) if kind == "object" => {}
            Some(kind) => return Err(format!("has the type {kind}")),
            None if schema.is_object() => return Err("has no \"type\": \"object\"".to_owned()),
            None => return Err("is no JSON object".to_owned()),
        }
        let validator = jsonschema::options()
            .should_validate_formats(true)
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(BACKTRACK_LIMIT))
            .build(schema)
            .map_err(|error| format!("is wrong at \"{}\": {}", error.instance_path(), cut(&error.to_string(), 200)))?;
        Ok(Self { validator, allowed: describe(schema) })
    }

    /// The arguments that the model wrote, if they are as the schema says; else what is wrong, and what is allowed.
    pub(super) fn read(&self, written: &str) -> Result<Value, String> {
        if written.len() > MAX_BYTES {
            return Err(format!("found {} bytes of arguments; allowed: {MAX_BYTES}", written.len()));
        }
        // Models write nothing at all for a tool without arguments.
        let written = if written.trim().is_empty() { "{}" } else { written };
        let arguments: Value = serde_json::from_str(written)
            .map_err(|error| format!("the arguments are no JSON: {error}. {}", self.allowed()))?;
        let faults: Vec<String> = self.validator.iter_errors(&arguments).take(MAX_FAULTS).map(|e| word(&e)).collect();
        if faults.is_empty() { Ok(arguments) } else { Err(format!("{}. {}", faults.join("; "), self.allowed())) }
    }

    fn allowed(&self) -> String {
        if self.allowed.is_empty() {
            "Allowed: a JSON object without arguments".to_owned()
        } else {
            format!("Allowed: a JSON object with {}", self.allowed)
        }
    }
}

fn word(error: &ValidationError<'_>) -> String {
    let path = error.instance_path().to_string();
    let text = match error.kind() {
        ValidationErrorKind::Required { property } => format!("{property} is missing"),
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            format!("unknown: {}", unexpected.join(", "))
        }
        _ => error.to_string(),
    };
    let text = cut(&text, MAX_FAULT_CHARS);
    if path.is_empty() { text } else { format!("at {path}: {text}") }
}

fn describe(schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return String::new() };
    let is_required = |name: &str| {
        schema
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|required| required.iter().any(|one| one.as_str() == Some(name)))
    };
    let described = properties.iter().map(|(name, own)| {
        let mut about = vec![match own.get("type") {
            Some(Value::String(kind)) => kind.clone(),
            Some(kinds) => kinds.to_string(),
            None => "any".to_owned(),
        }];
        about.extend(own.get("format").and_then(Value::as_str).map(|format| format!("as {format}")));
        about.extend(own.get("enum").map(|allowed| format!("one of {}", cut(&allowed.to_string(), 200))));
        if is_required(name) {
            about.push("required".to_owned());
        }
        format!("{name} ({})", about.join(", "))
    });
    described.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn phone() -> Arguments {
        let schema = json!({
            "type": "object",
            "properties": {"phone": {"type": "string", "minLength": 3}, "day": {"type": "string", "format": "date"}},
            "required": ["phone"],
            "additionalProperties": false
        });
        Arguments::new(&schema).unwrap()
    }

    #[test]
    fn what_is_wrong_is_said_with_what_is_allowed() {
        for (written, wanted) in [
            (r#"{"day": "2026-11-24"}"#, r#""phone" is missing"#),
            (r#"{"phone": 501234567}"#, "at /phone"),
            (r#"{"phone": "050123", "name": "Sara"}"#, "unknown: name"),
            (r#"{"phone": "050123", "day": "Tuesday"}"#, "at /day"),
            (r#"{"phone": "#, "no JSON"),
            ("[]", "object"),
            ("", r#""phone" is missing"#),
        ] {
            let fault = phone().read(written).unwrap_err();
            assert!(fault.contains(wanted) && fault.contains("phone (string, required)"), "{written}: {fault}");
            assert!(fault.contains("day (string, as date)"), "{fault}");
        }
        let arguments = phone().read(r#"{"phone": "050123", "day": "2026-11-24"}"#).unwrap();
        assert_eq!(arguments, json!({"phone": "050123", "day": "2026-11-24"}));
    }

    #[test]
    fn nothing_written_is_no_arguments() {
        let none = Arguments::new(&json!({"type": "object"})).unwrap();
        assert_eq!(none.read("  ").unwrap(), json!({}));
    }

    #[test]
    fn long_arguments_are_not_read() {
        let long = format!(r#"{{"phone": "{}"}}"#, "1".repeat(MAX_BYTES));
        assert!(phone().read(&long).unwrap_err().contains("65536"));
    }

    #[test]
    fn what_is_no_schema_of_an_object_is_refused() {
        for (schema, wanted) in [
            (json!({"type": "string"}), "string"),
            (json!({"properties": {}}), "no \"type\""),
            (json!([]), "no JSON object"),
            (json!({"type": "object", "properties": {"a": {"type": "text"}}}), "/properties/a"),
            (json!({"type": "object", "required": "a"}), "/required"),
            (json!({"type": "object", "$ref": "https://schemas.example/a.json"}), "wrong"),
        ] {
            let why = Arguments::new(&schema).err().unwrap();
            assert!(why.contains(wanted), "{schema}: {why}");
        }
    }

    #[test]
    fn a_pattern_that_explodes_is_given_up() {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?=(a+)+$)(a|b)*\\1c$"}}});
        let arguments = Arguments::new(&schema).unwrap();
        assert!(arguments.read(&format!(r#"{{"a": "{}b"}}"#, "a".repeat(40))).is_err());
    }
}
