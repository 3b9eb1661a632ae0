//! Shipping prices for parcels: the small project of `hephaestus demo`.

/// A parcel to be sent.
pub struct Parcel {
    pub grams: u32,
    pub express: bool,
    pub country: Option<String>,
}

/// Price in cents, or why the parcel cannot be sent.
pub fn price(parcel: &Parcel) -> Result<u32, String> {
    if parcel.grams > 0 {
        if let Some(country) = &parcel.country {
            if parcel.grams <= 30_000 {
                let base = if country == "home" { 490 } else { 1290 };
                let weight = parcel.grams / 1000 * 50;
                if parcel.express {
                    return Ok(base + weight + 600);
                } else {
                    return Ok(base + weight);
                }
            } else {
                return Err("too heavy".to_owned());
            }
        } else {
            return Err("no country".to_owned());
        }
    } else {
        return Err("no weight".to_owned());
    }
}

/// Whether any parcel of a shipment goes by express.
pub fn has_express(parcels: &[Parcel]) -> bool {
    for parcel in parcels {
        if parcel.express {
            return true;
        }
    }
    return false;
}

/// The parcels that cannot be sent.
pub fn refused(parcels: &[Parcel]) -> Vec<&Parcel> {
    let mut refused = Vec::new();
    for parcel in parcels {
        if price(parcel).is_err() {
            refused.push(parcel);
        }
    }
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(grams: u32, express: bool, country: Option<&str>) -> Parcel {
        Parcel { grams, express, country: country.map(str::to_owned) }
    }

    #[test]
    fn weight_country_and_speed_make_the_price() {
        assert_eq!(price(&parcel(500, false, Some("home"))), Ok(490));
        assert_eq!(price(&parcel(2500, false, Some("home"))), Ok(590));
        assert_eq!(price(&parcel(2500, true, Some("home"))), Ok(1190));
        assert_eq!(price(&parcel(500, false, Some("abroad"))), Ok(1290));
        assert_eq!(price(&parcel(30_000, false, Some("home"))), Ok(1990));
    }

    #[test]
    fn some_parcels_are_refused() {
        assert_eq!(price(&parcel(0, false, Some("home"))), Err("no weight".to_owned()));
        assert_eq!(price(&parcel(30_001, false, Some("home"))), Err("too heavy".to_owned()));
        assert_eq!(price(&parcel(500, true, None)), Err("no country".to_owned()));
        let parcels = [parcel(0, false, None), parcel(1, false, Some("home"))];
        assert_eq!(refused(&parcels).len(), 1);
    }

    #[test]
    fn express_is_noticed() {
        assert!(has_express(&[parcel(1, false, None), parcel(1, true, None)]));
        assert!(!has_express(&[parcel(1, false, None)]));
    }
}
