//! What the code around a hole says of it: the signature, and the examples that tests and documentation state. Only plain
//! values are read; whether an example was understood rightly is found out by running the tests.

mod calls;
mod patterns;
mod signature;
mod values;

use hephaestus_core::{Snapshot, SourceFile};

pub(super) use signature::{Signature, parse_type};

use super::kit::Kit;
use super::solve::{Example, Expected, Parameter, Specification};
use super::types::Type;
use super::value::Value;
use patterns::Stated;

/// The most examples that are read.
const MOST: usize = 48;

/// What is to be written where `signature` stands, as far as the files say.
pub(super) fn specification(
    signature: &Signature,
    file: &SourceFile,
    snapshot: &Snapshot,
    kit: &Kit,
) -> Option<Specification> {
    let tests = snapshot.files.values().filter(|other| other.is_test && other.path != file.path);
    let mut stated: Vec<Stated> = Vec::new();
    for text in std::iter::once(&file.text).chain(tests.map(|test| &test.text)) {
        if text.contains(signature.name.as_str()) {
            stated.extend(patterns::stated(text, &signature.name, &kit.reading));
        }
    }
    let mut examples: Vec<Example> = Vec::new();
    for own in stated {
        let Some(args) = signature.arrange(&own.args) else { continue };
        let example = Example { args, gives: own.gives };
        if !examples.contains(&example) && examples.len() < MOST {
            examples.push(example);
        }
    }
    // What contradicts itself was not understood.
    let doubtful: Vec<bool> = examples
        .iter()
        .map(|one| examples.iter().any(|other| other.args == one.args && other.gives != one.gives))
        .collect();
    let mut doubtful = doubtful.into_iter();
    examples.retain(|_| !doubtful.next().unwrap_or(false));
    typed(signature, examples, kit)
}

/// The specification with types from hints and, where these say nothing, from values.
pub(super) fn typed(signature: &Signature, mut examples: Vec<Example>, kit: &Kit) -> Option<Specification> {
    let has_floats = kit.rules.has_floats;
    if examples.is_empty() {
        return None;
    }
    let mut parameters = Vec::new();
    for (at, own) in signature.parameters.iter().enumerate() {
        let hinted = own.hint.as_deref().and_then(|hint| parse_type(hint, kit));
        let values = examples.iter().filter_map(|example| example.args.get(at));
        let seen =
            values.map(|value| Type::of(value, has_floats)).reduce(Type::join).unwrap_or(Type::Unknown);
        let ty = fitting(hinted, seen);
        parameters.push(Parameter { name: own.name.clone(), ty, hint: own.hint.clone() });
    }
    let results = examples.iter().filter_map(|example| match &example.gives {
        Expected::Value(value) => Some(Type::of(value, has_floats)),
        Expected::Error(..) => None,
    });
    let seen = results.reduce(Type::join).unwrap_or(Type::Unknown);
    let hinted = signature.returns.as_deref().and_then(|hint| parse_type(hint, kit));
    let output = fitting(hinted, seen);
    for example in &mut examples {
        for (value, parameter) in example.args.iter_mut().zip(&parameters) {
            *value = as_type(value, &parameter.ty);
        }
        if let Expected::Value(value) = &mut example.gives {
            *value = as_type(value, &output);
        }
    }
    Some(Specification {
        name: signature.name.clone(),
        parameters,
        output,
        hint: signature.returns.clone(),
        examples,
        mentioned: signature.mentioned.clone(),
    })
}

/// The hint, unless values say more.
fn fitting(hinted: Option<Type>, seen: Type) -> Type {
    match hinted {
        Some(hinted) if hinted != Type::Unknown => hinted.join(Type::Unknown).settled(),
        _ => seen.settled(),
    }
}

/// The value as one of that type: lists and tuples are written alike in some languages.
fn as_type(value: &Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::List(items), Type::Tuple(types)) if items.len() == types.len() => {
            Value::Tuple(items.iter().zip(types).map(|(own, ty)| as_type(own, ty)).collect())
        }
        (Value::List(items) | Value::Tuple(items), Type::List(ty)) => {
            Value::List(items.iter().map(|own| as_type(own, ty)).collect())
        }
        (Value::Tuple(items), Type::Tuple(types)) => {
            Value::Tuple(items.iter().zip(types).map(|(own, ty)| as_type(own, ty)).collect())
        }
        (Value::Map(entries), Type::Map(key, own)) => {
            Value::Map(entries.iter().map(|(k, v)| (as_type(k, key), as_type(v, own))).collect())
        }
        (Value::None, _) => Value::None,
        (own, Type::Option(ty)) => as_type(own, ty),
        #[allow(clippy::cast_precision_loss, reason = "literals are small")]
        (Value::Int(own), Type::Float) => Value::Float(*own as f64),
        (own, _) => own.clone(),
    }
}
