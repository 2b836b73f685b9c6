"""The vocabulary: what the painter understands. Each line is a meaning and the words that have it.

English first, with the commonest German, French and Spanish words. Words are lower case and singular.
"""

from typing import Final

COLOURS: Final = {
    "red": ((196, 52, 44), "red crimson scarlet ruby rot rote rotes roter rouge rojo roja cherry"),
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
    "blue": ((48, 98, 170), "blue blau blaue blaues bleu bleue azul navy cobalt azure indigo sapphire"),
    "purple": ((118, 74, 150), "purple violet lila lilac lavender plum mauve morado magenta"),
    "pink": ((226, 128, 152), "pink rosa rose coral salmon blush"),
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
    "spring": "spring blossom frühling printemps primavera bloom",
    "summer": "summer sommer été verano",
    "autumn": "autumn fall herbst automne otoño october",
    "winter": "winter snowy frozen frost icy ice hiver invierno",
}

WEATHERS: Final = {
    "rain": "rain rainy storm stormy regen pluie lluvia thunderstorm drizzle",
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
    "desert": "desert dune sahara wüste désert desierto canyon mesa",
    "city": "city town skyline street urban stadt ville ciudad downtown metropolis tokyo york paris london berlin",
    "space": "space galaxy cosmos universe nebula orbit weltraum espace astronaut mars saturn",
    "underwater": "underwater reef seabed submarine undersea aquarium",
    "table": "table tabletop desk workbench bench kitchen counter shelf tisch mesa-top studio product still-life "
    "pedestal windowsill countertop room interior indoor",
}

SUBJECTS: Final = {
    "camera": "camera kamera caméra cámara rangefinder dslr leica",
    "mug": "mug cup coffee tea tasse taza teacup espresso cocoa",
    "bottle": "bottle flasche bouteille botella perfume wine potion",
    "vase": "vase florero pitcher jug bouquet",
    "pot": "potted houseplant cactus succulent bonsai monstera",
    "book": "book buch livre libro notebook journal novel",
    "lamp": "lamp lampe lámpara lantern candle kerze",
    "fruit": "fruit apple apfel pomme manzana orange-fruit pear lemon-fruit peach plum-fruit",
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
    "castle": "castle schloss burg château castillo fortress palace tower",
    "windmill": "windmill windmühle moulin molino mill",
    "bridge": "bridge brücke pont puente",
    "tent": "tent camp camping zelt",
    "tree": "tree baum arbre árbol oak maple willow birch palm",
    "flower": "flower blume fleur flor tulip sunflower poppy daisy wildflower",
    "balloon": "balloon ballon globo hot-air",
    "rocket": "rocket spaceship spacecraft rakete fusée cohete shuttle",
    "planet": "planet earth jupiter planeta world globe",
    "car": "car auto voiture coche automobile van truck taxi",
    "bird": "bird vogel oiseau pájaro gull seagull crow swallow crane heron owl eagle",
    "cat": "cat kitten katze chat gato",
    "dog": "dog puppy hund chien perro fox fuchs wolf",
    "fish": "fish fisch poisson pez goldfish koi whale dolphin shark",
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
    "geometric": "geometric geometry bauhaus cubist grid triangle square circle polygon shape tessellation "
    "suprematist constructivist",
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
