// The S/MIME encoder as a plugin.
#include "smime_encoder.hpp"

HAWSER_PLUGIN(hawser::smime::smime_encoder)
