"""Names for the demo: companies, their trade and their people. Invented; any likeness is chance."""

PASSWORD = "quayside-demo"  # noqa: S105 the demo's own, printed by bin/run; no real installation has it
DOMAIN = "quayside.example"

HEADS = ["Halvorsen", "Kestrel", "Orbis", "Pellworth", "Lumen", "Trask", "Nordlys", "Arden", "Bellweather", "Calder", "Dunmore", "Eastgate", "Fenwick", "Garrow", "Harrow", "Ibis", "Juniper", "Kilbride", "Larkfield", "Marlowe", "Northgate", "Oakhurst", "Pinecrest", "Quarry", "Ravensworth", "Solway", "Tamarack", "Umber", "Vantage", "Westbrook", "Yarrow", "Zephyr", "Alder", "Birchwood", "Coppice", "Dalton", "Elmfield", "Foxglove", "Granite", "Hazel", "Ironbridge", "Jasper", "Kingsley", "Linden", "Meridian", "Norwood", "Opal", "Pemberton", "Redwood", "Sable", "Thornbury", "Upland", "Verity", "Wharf", "Yellowstone"]
TRADES = {
    "marine": ("Marine", "Shipping", "Harbour Services", "Ferries"),
    "freight": ("Freight", "Logistics", "Haulage", "Cargo"),
    "retail": ("Outdoor", "Home", "Supply Co", "Trading"),
    "food": ("Foods", "Dairy", "Fisheries", "Roasters"),
    "energy": ("Energy", "Solar", "Fuels", "Grid"),
    "health": ("Dental", "Medical", "Pharma", "Optics"),
    "maker": ("Works", "Tools", "Textiles", "Ceramics"),
    "software": ("Labs", "Systems", "Data", "Robotics"),
}
FIRST = ["Jonas", "Marte", "Amara", "Diego", "Elif", "Farah", "Greta", "Hugo", "Ines", "Jamal", "Kaya", "Liam", "Maren", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Samir", "Tove", "Uma", "Viktor", "Wanda", "Ximena", "Yusuf", "Zoe", "Anders", "Beatriz", "Chidi", "Dagny", "Emil", "Fatima", "Goran", "Hana", "Ivo", "Judit", "Kwame", "Leila", "Mateo", "Noor", "Otto", "Petra", "Rafael", "Signe", "Tomas", "Ursula", "Vera", "Wei"]
LAST = ["Vik", "Halvorsen", "Okafor", "Alvarez", "Demir", "Haddad", "Lindqvist", "Moreau", "Costa", "Brown", "Yilmaz", "Murphy", "Solberg", "Rahman", "Nilsen", "Patel", "Dubois", "Romero", "Khan", "Berg", "Rao", "Petrov", "Nowak", "Torres", "Aydin", "Keller", "Larsen", "Silva", "Eze", "Dahl", "Fischer", "Hassan", "Kovac", "Tanaka", "Novak", "Szabo", "Mensah", "Nazari", "Vega", "Aziz", "Weber", "Horvat", "Mendes", "Strand", "Varga", "Lang", "Ivanova", "Chen"]
TITLES = {
    "champion": ("Operations lead", "Head of logistics", "Dispatch manager"),
    "buyer": ("Finance director", "Procurement manager", "Managing director"),
    "user": ("Planner", "Coordinator", "Analyst", "Dispatcher", "Warehouse lead"),
}
STAFF = (
    ("Ada Lind", "csm"),
    ("Ben Ortiz", "csm"),
    ("Chloe Marsh", "csm"),
    ("Dev Anand", "csm"),
    ("Ewa Nowicka", "csm"),
    ("Mira Holt", "manager"),
    ("Olu Bello", "ops"),
    ("Faye Brandt", "finance"),
    ("Rut Admin", "admin"),
)
TICKETS = (
    "Exports time out",
    "Label printer not found",
    "Two shipments merged into one",
    "Carrier rate missing",
    "Cannot invite a colleague",
    "Webhook sends twice",
    "Report shows yesterday",
    "Map stays empty in Firefox",
    "How do we split a shipment?",
    "Customs form in French",
)
OUTAGES = ("EU ingest", "Label service", "Tracking map", "Public API", "Report exports")
CALLS = {
    "steady": (
        "Quarterly review. Happy with tracking; asked when the French customs forms arrive.",
        "Check-in. Two new planners start next month, will need seats.",
        "Went through the weekly report together. They use it in their Monday meeting now.",
    ),
    "fading": (
        "Champion was hard to reach. The team tries another tool for one depot.",
        "Short call. Budget is under review, nobody could say who decides.",
        "They keep spreadsheets beside us again since the last reorganisation.",
    ),
    "growing": (
        "A second depot goes live; they want the API limits explained.",
        "Asked for a price for twice the volume.",
    ),
}
