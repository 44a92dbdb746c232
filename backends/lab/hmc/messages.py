"""What the HMC says, in English and French. Codes are the same in every language; sentences are not.

The codes and texts of *no such partition*, *missing parameter*, *invalid attribute* and *nothing found* are those of
published captures; where no capture is known the text is the lab's own and only says what a real one would mean.
"""

from __future__ import annotations

_RETRY = {
    "en": "Please check your entry and retry the command.",
    "fr": "Vérifiez votre entrée et relancez la commande.",
}

_TEXTS: dict[str, tuple[str, str, str]] = {
    # key: (code, English, French)
    "no-results": ("", "No results were found.", "Aucun résultat n'a été trouvé."),
    "parameter": (
        "",
        "The command entered is either missing a required parameter or a parameter value is invalid. "
        "The parameters that are missing or have an invalid value are {0}. {retry}",
        "Il manque un paramètre obligatoire dans la commande entrée, ou une valeur de paramètre est incorrecte. "
        "Les paramètres manquants ou incorrects sont {0}. {retry}",
    ),
    "attribute": (
        "",
        "An invalid attribute was entered.  The invalid attribute is {0}.  Please correct your entry and retry the "
        "command.",
        "Un attribut incorrect a été entré.  L'attribut incorrect est {0}.  Corrigez votre entrée et relancez la "
        "commande.",
    ),
    "missing-attribute": (
        "",
        "The attribute {0} is required and was not entered. {retry}",
        "L'attribut {0} est obligatoire et n'a pas été entré. {retry}",
    ),
    "value": (
        "",
        "The value entered for the attribute {0} is not valid: {1}. {retry}",
        "La valeur entrée pour l'attribut {0} n'est pas correcte : {1}. {retry}",
    ),
    "filter": (
        "",
        "An invalid filter was entered.  The invalid filter is {0}.  Please correct your entry and retry the command.",
        "Un filtre incorrect a été entré.  Le filtre incorrect est {0}.  Corrigez votre entrée et relancez la "
        "commande.",
    ),
    "no-lpar": (
        "HSCL8012",
        "The partition named {0} was not found.  {retry}",
        "La partition nommée {0} est introuvable.  {retry}",
    ),
    "no-lpar-id": (
        "HSCL8013",
        "The partition with ID {0} was not found.  {retry}",
        "La partition dont l'ID est {0} est introuvable.  {retry}",
    ),
    "no-profile": (
        "HSCL8014",
        "The profile named {0} was not found for partition {1}.  {retry}",
        "Le profil nommé {0} est introuvable pour la partition {1}.  {retry}",
    ),
    "no-system": (
        "HSCL8018",
        "The managed system {0} was not found.  {retry}",
        "Le système géré {0} est introuvable.  {retry}",
    ),
    "not-operating": (
        "HSCL0238",
        "This operation is only allowed when the managed system is in the Operating state.",
        "Cette opération n'est autorisée que lorsque le système géré est à l'état Operating.",
    ),
    "no-connection": (
        "HSCL0237",
        "This operation is not allowed when the managed system is in the No Connection state. Check the connection "
        "to the managed system and retry the operation.",
        "Cette opération n'est pas autorisée lorsque le système géré est à l'état No Connection. Vérifiez la connexion "
        "au système géré et relancez l'opération.",
    ),
    "no-virtual-fc": (
        "HSCLA4C0",
        "The operation failed because the managed system does not support virtual Fibre Channel.",
        "L'opération a échoué car le système géré ne prend pas en charge Fibre Channel virtuel.",
    ),
    "already-on": (
        "HSCL3681",
        "The partition {0} cannot be activated because it is not in the Not Activated state.",
        "La partition {0} ne peut pas être activée car elle n'est pas à l'état Not Activated.",
    ),
    "not-on": (
        "HSCL1558",
        "The requested operation is unavailable in the current partition state of {0}.",
        "L'opération demandée n'est pas disponible dans l'état actuel de la partition {0}.",
    ),
    "no-rmc": (
        "HSCL0DB4",
        "An Operating System Shutdown can not be performed on partition {0}: there is no active RMC connection between "
        "the management console and its operating system.",
        "L'arrêt du système d'exploitation de la partition {0} ne peut pas être effectué : aucune connexion RMC active "
        "n'existe entre la console de gestion et son système d'exploitation.",
    ),
    "no-memory": (
        "HSCL03EC",
        "There is not enough memory: Obtained : {0}, Required : {1}.  Check that there is enough memory available to "
        "activate the partition.",
        "La mémoire est insuffisante : obtenue : {0}, requise : {1}.  Vérifiez que la mémoire disponible suffit pour "
        "activer la partition.",
    ),
    "no-processors": (
        "HSCL03F4",
        "There are not enough processing resources: Obtained : {0}, Required : {1}.  Check that there are enough "
        "processing resources available to activate the partition.",
        "Les ressources de traitement sont insuffisantes : obtenues : {0}, requises : {1}.  Vérifiez que les "
        "ressources de traitement disponibles suffisent pour activer la partition.",
    ),
    "lpar-exists": (
        "HSCL8009",
        "A partition named {0} already exists on the managed system.",
        "Une partition nommée {0} existe déjà sur le système géré.",
    ),
    "id-exists": (
        "HSCL800A",
        "The partition ID {0} is already used on the managed system.",
        "L'ID de partition {0} est déjà utilisé sur le système géré.",
    ),
    "too-many": (
        "HSCL800B",
        "The maximum number of partitions of the managed system has been reached.",
        "Le nombre maximal de partitions du système géré est atteint.",
    ),
    "profile-exists": (
        "HSCL800C",
        "A profile named {0} already exists for partition {1}.",
        "Un profil nommé {0} existe déjà pour la partition {1}.",
    ),
    "lpar-active": (
        "HSCL0622",
        "The partition {0} cannot be removed because it is not in the Not Activated state.",
        "La partition {0} ne peut pas être retirée car elle n'est pas à l'état Not Activated.",
    ),
    "profile-in-use": (
        "HSCL0623",
        "The profile {0} cannot be removed because it is the default or the current profile of partition {1}.",
        "Le profil {0} ne peut pas être retiré car c'est le profil par défaut ou en cours de la partition {1}.",
    ),
    "no-wwpns": (
        "HSCLA4C4",
        "The managed system has no WWPN pairs left to assign.",
        "Le système géré n'a plus de paires de WWPN à affecter.",
    ),
    "vios": (
        "HSCL2970",
        "The IOServer command has failed because of the following reason: \n{0}",
        "La commande IOServer a échoué pour la raison suivante : \n{0}",
    ),
    "vios-rmc": (
        "",
        "There is no active RMC connection to the Virtual I/O Server {0}.",
        "Aucune connexion RMC active avec le serveur d'E-S virtuelles {0}.",
    ),
}


class RefusedError(Exception):
    """The HMC refuses a command. ``key`` is that of a message, the rest fills it."""

    def __init__(self, key: str, *args: object) -> None:
        super().__init__(key, *args)
        self.key = key
        self.parts = args

    def text(self, language: str) -> str:
        """Code and sentence, as the HMC prints them on stdout."""
        return message(self.key, language, *self.parts)


def message(key: str, language: str, *parts: object) -> str:
    """A message with its code, in ``language`` (``fr``; anything else is English)."""
    language = "fr" if language.startswith("fr") else "en"
    code, english, french = _TEXTS[key]
    text = (french if language == "fr" else english).format(*parts, retry=_RETRY[language])
    return f"{code} {text}" if code else text
