"""Names, streets and places for people who do not exist."""

# (given name in full, what its bearer may write instead, sex)
GIVEN_NAMES = (
    ("William", "Bill", "male"), ("Robert", "Bob", "male"), ("Richard", "Dick", "male"),
    ("Thomas", "Tom", "male"), ("James", "Jim", "male"), ("John", "Jack", "male"),
    ("Michael", "Mike", "male"), ("David", "Dave", "male"), ("Christopher", "Chris", "male"),
    ("Andrew", "Andy", "male"), ("Anthony", "Tony", "male"), ("Edward", "Ted", "male"),
    ("Stephen", "Steve", "male"), ("Matthew", "Matt", "male"), ("Daniel", "Dan", "male"),
    ("Joseph", "Joe", "male"), ("Samuel", "Sam", "male"), ("Benjamin", "Ben", "male"),
    ("Nicholas", "Nick", "male"), ("Alexander", "Alex", "male"), ("Peter", "Pete", "male"),
    ("Mohammed", "Mohammad", "male"), ("Ahmed", "Ahmad", "male"), ("Rhys", "Rees", "male"),
    ("Dafydd", "Dai", "male"), ("Gareth", "Gaz", "male"), ("Owain", "Owen", "male"),
    ("Siôn", "Sion", "male"), ("Seán", "Sean", "male"), ("Jean-Paul", "Jean Paul", "male"),
    ("Elizabeth", "Liz", "female"), ("Margaret", "Peggy", "female"),
    ("Catherine", "Kate", "female"),
    ("Susan", "Sue", "female"), ("Patricia", "Pat", "female"), ("Jennifer", "Jen", "female"),
    ("Rebecca", "Becky", "female"), ("Victoria", "Vicky", "female"),
    ("Deborah", "Debbie", "female"),
    ("Christine", "Chris", "female"), ("Alexandra", "Alex", "female"), ("Joanna", "Jo", "female"),
    ("Samantha", "Sam", "female"), ("Kathleen", "Kath", "female"), ("Dorothy", "Dot", "female"),
    ("Eleanor", "Ellie", "female"), ("Charlotte", "Lottie", "female"), ("Abigail", "Abi", "female"),
    ("Megan", "Meg", "female"), ("Siân", "Sian", "female"), ("Zoë", "Zoe", "female"),
    ("Fatima", "Fatimah", "female"), ("Aisha", "Ayesha", "female"), ("Priya", "Pri", "female"),
    ("Mary Ann", "Mary", "female"), ("Anne-Marie", "Annemarie", "female"),
    ("Gwenllian", "Gwen", "female"), ("Angharad", "Haf", "female"), ("Nia", "Nia", "female"),
    ("Olwen", "Olwen", "female"), ("Ruth", "Ruthie", "female"), ("Grace", "Gracie", "female"),
)  # fmt: skip
# Pairs that parents give to twins, and that clerks take for one another.
LIKE_NAMES = (
    ("Megan", "Meghan"), ("Anna", "Hannah"), ("Jon", "John"), ("Christian", "Christopher"),
    ("Ellie", "Ella"), ("Daniel", "David"), ("Maria", "Marie"), ("Sara", "Sarah"),
    ("Mark", "Marc"), ("Aidan", "Adrian"), ("Lily", "Lila"), ("Owen", "Ewan"),
    ("Joan", "Jean"), ("Alan", "Allan"), ("Amy", "Amie"), ("Jayden", "Hayden"),
)  # fmt: skip
FAMILY_NAMES = (
    "Smith", "Jones", "Williams", "Taylor", "Davies", "Brown", "Wilson", "Evans", "Thomas",
    "Johnson", "Roberts", "Walker", "Wright", "Robinson", "Thompson", "White", "Hughes", "Edwards",
    "Green", "Hall", "Wood", "Harris", "Lewis", "Martin", "Jackson", "Clarke", "Clark", "Turner",
    "Hill", "Cooper", "Morris", "Ward", "Moore", "Watson", "Baker", "Harrison", "Morgan", "Patel",
    "Young", "Allen", "Mitchell", "James", "Anderson", "Phillips", "Lee", "Bell", "Parker", "Davis",
    "Bennett", "Miller", "Cook", "Shaw", "Cox", "Richardson", "Marshall", "Khan", "Begum", "Ali",
    "Hussain", "Ahmed", "Singh", "Kaur", "Shah", "Chowdhury", "Griffiths", "Price", "Rees", "Rhys",
    "Pugh", "Parry", "Powell", "Prosser", "Llewellyn", "Llywelyn", "Cadwaladr", "Bowen", "Beynon",
    "O'Brien", "O'Connor", "O'Neill", "O'Sullivan", "D'Souza", "McDonald", "MacDonald", "McKenzie",
    "Mac Giolla", "St John", "Van der Berg", "De Silva", "Le Fevre", "Smith-Jones", "Rees-Mogg",
    "Llwyd-Parry", "Barker", "Nowak", "Kowalski", "Wójcik", "Müller", "García", "Silva", "Okafor",
    "Adeyemi", "Mensah", "Wang", "Chen", "Li", "Nguyen", "Tran", "Kim", "Ivanova", "Popescu",
    "Murphy", "Kelly", "Walsh", "Byrne", "Doyle", "Fraser", "Stewart", "Stuart", "Campbell", "Reid",
)  # fmt: skip
STREETS = (
    "Chapel Row", "Harbour Row", "Station Road", "High Street", "Church Lane", "Mill Lane",
    "Park Avenue", "Victoria Road", "Green Lane", "Manor Road", "Heol y Bont", "Queen's Road",
    "School Lane", "The Crescent", "Albert Terrace", "Orchard Close", "Meadow View", "North Street",
)  # fmt: skip
PLACES = (
    ("Llanfair", "LL"), ("Porthmadog", "LL"), ("Aberystwyth", "SY"), ("Cardiff", "CF"),
    ("Swansea", "SA"), ("Bristol", "BS"), ("Leeds", "LS"), ("Hull", "HU"), ("York", "YO"),
    ("Norwich", "NR"), ("Exeter", "EX"), ("Truro", "TR"), ("Carlisle", "CA"), ("Durham", "DH"),
    ("Derby", "DE"), ("Oxford", "OX"), ("Reading", "RG"), ("Brighton", "BN"), ("Dover", "CT"),
)  # fmt: skip
