package postgresql

// Far takes every host for one of another machine.
func (s *Source) Far() { s.near = func(string) bool { return false } }
