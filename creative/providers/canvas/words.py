"""The vocabulary: what the painter understands. Each line is a meaning and the words that have it.

English first, with the commonest German, French and Spanish words. Words are lower case and singular.
"""

from typing import Final

COLOURS: Final = {
    "red": ((196, 52, 44), "red poppy crimson scarlet ruby rot rote rotes roter rouge rojo roja cherry"),
    "orange": (
        (228, 124, 44),
        "orange tangerine naranja fox fuchs goldfish rust rusty copper amber",
    ),
    "yellow": (
        (240, 196, 64),
        "sunflower yellow gelb gelbe gelbes jaune amarillo amarilla golden gold lemon mustard ochre",
    ),
    "green": ((76, 140, 84), "green grün grüne grünes vert verte verde emerald olive moss sage lime"),
    "teal": ((34, 134, 138), "teal turquoise aqua cyan petrol türkis"),
    "blue": ((48, 98, 170), "blue blau blaue blaues bleu bleue azul cobalt azure sapphire"),
    "navy": ((36, 56, 104), "navy indigo marine"),
    "purple": ((118, 74, 150), "purple violet lila lilac lavender plum mauve morado magenta"),
    "pink": ((226, 128, 152), "pink sakura blossom cherry-blossom rosa rose coral blush"),
    "brown": ((128, 86, 58), "brown braun braune brun marron marrón chocolate walnut tan beige"),
    "black": ((40, 42, 50), "black schwarz crow panther schwarze noir noire negro negra charcoal ebony"),
    "white": ((240, 238, 230), "white weiß weiss weiße blanc blanche blanco blanca ivory cream pearl"),
    "grey": ((136, 140, 148), "grey gray grau graue gris silver chrome"),
}

TIMES: Final = {
    "dawn": "dawn sunrise morning daybreak morgen matin amanecer aube",
    "day": "day noon midday daylight sunny bright tag midi soleil sol sonnig",
    "golden": "golden-hour afternoon evening sunset sundown abend soir coucher atardecer sunlit warm-light",
    "dusk": "dusk twilight gloaming blue-hour dämmerung crépuscule",
    "night": "night midnight moon moonlit moonlight starry star starlight nacht nuit noche dark nocturnal aurora",
}

SEASONS: Final = {
    "spring": "spring blossom cherry-blossom frühling printemps primavera bloom",
    "summer": "summer sommer été verano",
    "autumn": "autumn fall herbst automne otoño october",
    "winter": "winter snowy frozen frost icy ice hiver invierno",
}

WEATHERS: Final = {
    "rain": "rain rainy regen pluie lluvia drizzle",
    "storm": "storm stormy thunderstorm thunder lightning tempest gewitter sturm orage tormenta",
    "snow": "snow snowfall blizzard schnee neige nieve snowing",
    "fog": "fog foggy mist misty haze hazy nebel brume niebla",
    "cloud": "cloud cloudy overcast wolke nuage nube",
}

PLACES: Final = {
    "sea": "sea ocean coast beach shore harbor harbour bay wave meer mer mar island cliff lagoon",
    "lake": "lake pond see lac lago river stream fluss reflection",
    "mountain": "mountain peak alp summit berg montagne montaña ridge valley glacier volcano",
    "hill": "hill meadow field grass countryside farm wiese feld colline campo pasture prairie landscape garden "
    "park",
    "forest": "forest wood woodland jungle wald forêt bosque pine grove",
    "road": "road path highway trail lane strasse straße route camino carretera track",
    "desert": "desert dune sahara wüste désert desierto canyon mesa",
    "city": "city town skyline street urban office stadt ville ciudad downtown metropolis tokyo york paris london "
    "berlin",
    "space": "space galaxy cosmos universe nebula orbit weltraum espace astronaut mars saturn",
    "underwater": "underwater reef seabed submarine undersea aquarium",
    "table": "table tabletop desk workbench bench kitchen counter shelf tisch mesa-top studio product still-life "
    "pedestal windowsill countertop room interior indoor",
}

SUBJECTS: Final = {
    "camera": "camera field-camera film-camera kamera caméra cámara rangefinder dslr leica",
    "mug": "mug cup coffee tea tasse taza teacup espresso cocoa",
    "bottle": "bottle flasche bouteille botella perfume wine potion",
    "vase": "vase florero pitcher jug bouquet",
    "pot": "potted houseplant cactus succulent bonsai monstera",
    "book": "book buch livre libro notebook journal novel",
    "lamp": "lamp lampe lámpara lantern candle kerze",
    "fruit": "fruit apple apfel pomme manzana orange-fruit pear lemon-fruit peach plum-fruit",
    "clock": "clock watch uhr horloge reloj alarm timer",
    "headphones": "headphone headset earphone kopfhörer auricular",
    "shoe": "shoe sneaker trainer schuh chaussure zapato",
    "cake": "cake birthday cupcake kuchen torte gâteau pastel-cake dessert",
    "guitar": "guitar gitarre guitare guitarra ukulele violin",
    "umbrella": "umbrella parasol regenschirm parapluie paraguas",
    "phone": "phone smartphone iphone handy",
    "laptop": "laptop computer macbook notebook-computer screen monitor",
    "chair": "chair stuhl chaise silla armchair stool",
    "gem": "gem crystal diamond jewel kristall cristal prism",
    "robot": "robot android roboter droid bot",
    "heart": "heart herz coeur corazón love",
    "emblem": "logo icon emblem badge symbol mascot sticker",
    "lighthouse": "lighthouse leuchtturm phare faro",
    "boat": "boat sailboat ship yacht schiff boot bateau barco vessel sail sailing",
    "house": "house home cottage cabin barn haus hütte maison casa hut villa",
    "castle": "castle schloss burg château castillo fortress palace",
    "tower": "tower turm tour torre turret",
    "windmill": "windmill windmühle moulin molino mill",
    "bridge": "bridge brücke pont puente",
    "tent": "tent camp camping zelt",
    "tree": "tree baum arbre árbol oak maple willow birch palm cherry-tree sakura blossom cherry-blossom",
    "flower": "flower blume fleur flor tulip sunflower poppy daisy wildflower lavender lily orchid",
    "mushroom": "mushroom toadstool pilz champignon seta",
    "balloon": "balloon ballon globo",
    "rocket": "rocket spaceship spacecraft rakete fusée cohete shuttle",
    "planet": "planet earth jupiter planeta world globe",
    "car": "car auto voiture coche automobile van truck taxi",
    "bicycle": "bicycle bike fahrrad vélo bicicleta cyclist",
    "train": "train locomotive zug tren railway",
    "bird": "bird vogel oiseau pájaro gull seagull crow swallow crane heron owl eagle",
    "cat": "cat kitten katze chat gato",
    "dog": "dog puppy hund chien perro",
    "fox": "fox fuchs wolf renard zorro loup lobo",
    "horse": "horse pony pferd cheval caballo unicorn",
    "butterfly": "butterfly moth schmetterling papillon mariposa",
    "whale": "whale dolphin shark wal baleine ballena orca",
    "fish": "fish fisch poisson pez goldfish koi salmon trout",
    "person": "person man woman child girl boy human figure traveler traveller hiker portrait mann frau",
}

MOODS: Final = {
    "calm": "calm quiet serene peaceful gentle soft minimal minimalist simple still tranquil ruhig",
    "bold": "bold vivid vibrant dramatic energetic dynamic loud electric",
    "dark": "gloomy moody noir sombre somber ominous scary spooky",
    "warm": "warm cozy cosy rustic nostalgic vintage retro",
    "cold": "cold chilly arctic sterile",
    "dreamy": "dreamy surreal pastel fantasy magical whimsical ethereal",
    "neon": "neon cyberpunk synthwave vaporwave futuristic",
}

FORMS: Final = {
    "abstract": "abstract abstraction pattern texture background wallpaper fluid expression generative",
    "geometric": "geometric geometry bauhaus cubist grid triangle square polygon tessellation "
    "suprematist constructivist",
}

MOTIFS: Final = {
    "waves": "wave flow flowing fluid ripple curve stripe band swirl wavy",
    "circles": "circle dot bubble orb ring sphere round kandinsky",
    "cutouts": "organic cutout cut-out leaf botanical matisse blob collage papercut plant",
}

MATERIALS: Final = {
    "steel": "steel stainless metal metallic aluminium aluminum chrome-plated",
    "wood": "wooden oak-table timber holz bois madera plank",
    "marble": "marble stone granite concrete slate",
    "linen": "linen cloth fabric tablecloth paper",
}

COUNTS: Final = {
    1: "one single lone lonely solitary",
    2: "two pair couple twin zwei deux dos both",
    3: "three trio drei trois tres few several",
    4: "four vier quatre cuatro some",
    5: "five six seven many group flock fleet row",
}

SIZES: Final = {
    0.72: "small tiny little compact mini klein petit pequeño distant faraway",
    1.22: "big large huge giant giant tall massive groß grand grande close-up",
}

PLURALS: Final = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "geese": "bird",
    "family": "person",
    "boots": "shoe",
    "team": "person",
    "village": "house",
    "dorf": "house",
    "leute": "person",
    "gens": "person",
    "gente": "person",
}
"""Plurals that no ending tells."""

PAIRS: Final = {"headphones": 1, "shoe": 2}
"""How many a plural without a number means, where that is not three."""

AFTER_NOUN: Final = (
    "rouge rojo roja jaune amarillo amarilla verde vert verte bleu bleue azul noir noire negro negra blanc "
    "blanche blanco blanca gris marron marrón morado naranja"
)
"""Colours that follow what they describe."""
