package phrases

// conclusions word what the engine makes of the evidence.
var conclusions = table{}
