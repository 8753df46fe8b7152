// Reads an SDF file as libsdformat does, but takes warnings, unknown and deprecated elements for errors.
#include <iostream>
#include <sdf/sdf.hh>

int main(int, char **argv) {
  auto config = sdf::ParserConfig::GlobalConfig();
  config.SetWarningsPolicy(sdf::EnforcementPolicy::ERR);
  config.SetUnrecognizedElementsPolicy(sdf::EnforcementPolicy::ERR);
  config.SetDeprecatedElementsPolicy(sdf::EnforcementPolicy::ERR);
  sdf::Root root;
  const auto errors = root.Load(argv[1], config);
  for (const auto &error : errors) std::cerr << error << "\n";
  return errors.empty() ? 0 : 1;
}
