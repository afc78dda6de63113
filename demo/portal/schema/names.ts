/** Invented, all of them: no person, firm, fund or ISIN here exists (`XX` is nobody's country code). */
export const FIRST_NAMES =
  'Aldous Briony Caspar Delphine Edric Fenella Garrick Hester Idris Jocasta Kester Linnet Merrick Nerys Osric Petra Quill Rosalba Sorrel Tamsin Ulric Verity Wystan Ysolde'.split(
    ' ',
  );

export const SURNAMES =
  'Alderwick Brackenfold Cindermoor Dunhallow Eastermere Fernshaw Gorsebank Hollowmere Inglefold Junipergate Kestlewick Larkmantle Mossingham Nettleford Oakenshade Pinderwell Quarrenden Rushcombe Saltmarrow Thistlewade Underlath Vellacombe Wintermarsh Yarrowdene'.split(
    ' ',
  );

export const PROVIDERS =
  'Amberline Birchgate Copperfield Dovetail Elmbridge Foxglove Greyfriars Harrowgate Ivystone Juniper Kingfisher Larchmont'.split(
    ' ',
  );

export const FUND_THEMES =
  'Northlight Equity;Seabank Income;Orchard Growth;Meridian Bond;Cobalt Global;Heather Sustainable;Lantern Cautious;Granite Value;Willow Balanced;Tideway Emerging;Parchment Gilt;Hearth Property'.split(
    ';',
  );

export const TEMPLATES =
  'Cautious Income;Cautious Growth;Balanced Income;Balanced Growth;Adventurous;Sustainable Balanced;Retirement Drawdown;Cash Reserve'.split(
    ';',
  );
