"""Names of things that have little to do with one another, for texts that must not be alike."""

from typing import Final

THINGS: Final = tuple(
    """
    anchor apple apron arrow attic bagpipe balcony bamboo barley barrel basil basket beach beaver beetle bell bench
    berry blanket boat bottle bowl branch brick broom bucket button cabin cactus calendar camel candle canvas carpet
    carrot castle catalogue ceiling cello chair chalk charcoal cheese cherry chimney cinema circle clay cliff clock
    cloth cloud coast coat coconut coffee coin collar comet compass copper coral corn cotton crane crayon cream
    cricket crown crystal cup curtain cushion deer desk diamond dinner dish dolphin donkey drawer drum duck dust eagle
    engine envelope fabric falcon feather fence fern ferry fiddle field flag flamingo flour flute fog forest fork
    fossil fountain fox frame frost furnace galaxy garage garlic gate ginger giraffe glacier glass globe glove goat
    grain granite grape grass gravel guitar hammer harbour harp harvest hat hay hedgehog helmet herring honey horizon
    horse hotel iceberg ink iron island ivory jacket jar jazz jewel juice kettle keyboard kite kitten ladder lagoon
    lamp lantern lavender lawn lemon lens library lighthouse lily linen lion lizard lobster magnet mango map marble
    market mask meadow melon microscope mill mirror monastery mosaic moss motor mountain museum mushroom napkin needle
    nest nickel noodle oak oar oasis ocean olive onion opera orange orchard orchid otter owl oyster paddle paint
    palace panda parachute parrot pasta pavement peach pearl pebble pencil penguin pepper piano picnic pigeon pillow
    pine pipe planet plate plum pocket pond pony porch postcard potato prism puddle pumpkin puppet pyramid quilt
    rabbit radio raft rainbow raisin reindeer ribbon rice robin rocket roof rose rubber ruler saddle sail salt sand
    sandwich saucer saxophone scarf sculpture seaweed shell ship shovel silk silver skirt sled snail snow soap sock
    sofa soup spade spider spoon squirrel stadium stamp starfish station statue stove straw submarine sugar sunflower
    swan syrup table tailor tea telescope temple tent theatre thread thunder ticket tiger tile tin toast tomato tower
    tractor tram tray tulip tunnel turtle umbrella valley vanilla vase velvet village vine violin volcano wagon
    wallpaper walnut walrus waterfall wax whale wheat wheel whistle willow windmill window wolf wood wool workshop
    yarn zebra zipper
    """.split()
)
