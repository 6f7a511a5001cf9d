"""Frequent words of languages in Latin letters that English texts seldom have: they tell that a text is not in English,
however little of it is in any list of words. From wordfreq (R. Speer, 2022): of each language the first two dozen of
three letters and more that are under 4.5 on the Zipf scale in English (of German 4.95: it shares more).
"""

from __future__ import annotations

FOREIGN_WORDS = frozenset(
    (
        "der und das ich ist nicht den von mit ein auf für sie eine sich auch dem des als dass bei wie "  # German
        "aber aus "
        "à les est que pas une pour dans qui sur par avec mais vous ça elle sont tout fait nous comme "  # French
        "être bien "
        "los por del las con una para como más pero este sus esta todo cuando ser sin hay está fue muy "  # Spanish
        "sobre también "
        "che è della sono più dei nel alla anche gli delle questo dal essere nella cui stato quando tutti "  # Italian
        "questa tutto "
        "é não uma com dos mas foi você seu sua tem são ele muito isso já "  # Portuguese
        "het een dat voor niet zijn maar aan hij ook naar uit bij dit wat heeft nog deze hebben kan meer "  # Dutch
        "geen mijn "
        "nie się jest że jak ale tak dla tym czy przez tego są tylko już mnie może oraz bardzo będzie być "  # Polish
        "jego sobie "
        "že jsem jako už jsou když mě jen nebo byl bude má jsme které jeho který až není bylo aby "  # Czech
        "ako som čo bol sú alebo sme len keď ktorý ktoré pri bola ktorá "  # Slovak
        "tudi lahko kot še tako ali če bil med vse jih kar smo bila leta več sem ter nekaj saj tega "  # Slovene
        "kao što godine koji kako nije još sve bio ili će koja samo biti više koje kada bilo može ima "  # Croatian
        "det til på jeg har ikke så var han fra skal ved vil også være hvor hvis sig efter "  # Danish
        "å seg dette noe noen ble bare "  # Norwegian
        "är att och jag inte för ett ska när vad från här mig bara eller "  # Swedish
        "í á að við hann ekki fyrir með ég eru frá það þar því eða eftir hún svo hefur vera þá "  # Icelandic
        "että oli mutta ole kun niin myös hän jos ovat voi nyt sen kuin tai joka olla sitä mitä vain "  # Finnish
        "kanssa tämä sitten kaikki "
        "és nem hogy egy meg csak volt vagy már még én kell jó azt akkor mint ezt minden mert magyar "  # Hungarian
        "nagyon így olyan itt "
        "în și să din mai că pentru fost sunt lui dar sau dacă după poate prin cum când despre iar mult "  # Romanian
        "cel "
        "bir için çok ile daha gibi olarak kadar olan ama sonra iyi yok değil büyük yeni güzel sadece "  # Turkish
        "zaman ilk iki hiç "
        "yang ini dari untuk dengan itu bisa aku ada tidak akan adalah dalam pada kita orang juga anda "  # Indonesian
        "dia saya kamu lebih apa sudah "
        "boleh awak tapi kau nak semua lagi buat dah "  # Malay
        "ang mga isang hindi ito kung mula siya pag kanyang lang naman niya lahat ano rin dahil upang "  # Filipino
        "kaya nito tao "
        "là và có của được một các không trong cho người này với ở đã thể để như những đến khi làm sẽ từ "  # Vietnamese
        "els amb més dels aquest però tot fer aquesta molt seva també ens són "  # Catalan
        "kad į iš yra kaip buvo savo tik nuo apie taip lietuvos kai labai dėl gali jau jis jei "  # Lithuanian
        "kā kas arī vai tā nav tas lai bija pēc tikai tad līdz pie latvijas vēl būs ļoti gan savu "  # Latvian
    ).split()
)  # fmt: skip
