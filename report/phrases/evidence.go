package phrases

// evidence words what agents observed.
var evidence = table{}
