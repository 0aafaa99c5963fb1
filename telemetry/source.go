package telemetry

// source gives the members of a bundle, whatever container they are in.
type source interface{}
