// Gazebo's own physics (gz-physics with dartsim) on one world, step by step.
//   physics WORLD.sdf DARTSIM-PLUGIN STEP_S
// It prints the joints that move, one line. Then every line of input is "JOINT force|velocity|position VALUE"
// words for one step, and is answered by position and speed of every joint. A model named "part" that hangs on
// nothing comes behind the joints, with its place and speed along x.
#include <chrono>
#include <iostream>
#include <map>
#include <sstream>
#include <vector>

#include <ignition/physics/ForwardStep.hh>
#include <ignition/physics/FrameSemantics.hh>
#include <ignition/physics/GetEntities.hh>
#include <ignition/physics/Joint.hh>
#include <ignition/physics/RequestEngine.hh>
#include <ignition/physics/sdf/ConstructWorld.hh>
#include <ignition/plugin/Loader.hh>
#include <sdf/Root.hh>
#include <sdf/World.hh>

namespace physics = ignition::physics;

struct Features
    : physics::FeatureList<physics::ForwardStep, physics::GetEntities, physics::GetBasicJointState,
                           physics::GetBasicJointProperties, physics::SetBasicJointState,
                           physics::SetJointVelocityCommandFeature, physics::LinkFrameSemantics,
                           physics::sdf::ConstructSdfWorld> {};

int main(int, char **argv) {
  ignition::plugin::Loader loader;
  loader.LoadLib(argv[2]);
  auto plugin = loader.Instantiate("ignition::physics::dartsim::Plugin");
  auto engine = physics::RequestEngine3d<Features>::From(plugin);
  sdf::Root root;
  const auto errors = root.Load(argv[1]);
  if (!engine || !errors.empty()) {
    for (const auto &error : errors) std::cerr << error << "\n";
    return 1;
  }
  auto world = engine->ConstructWorld(*root.WorldByIndex(0));
  using Joint = decltype(world->GetModel(0)->GetJoint(0));
  using Link = decltype(world->GetModel(0)->GetLink(0));
  std::map<std::string, Joint> joints;
  std::map<std::string, Link> parts;
  for (std::size_t m = 0; m < world->GetModelCount(); ++m) {
    auto model = world->GetModel(m);
    if (model->GetName() == "part") parts["part"] = model->GetLink(0);
    for (std::size_t j = 0; j < model->GetJointCount(); ++j) {
      auto joint = model->GetJoint(j);
      if (joint->GetDegreesOfFreedom() == 1) joints[joint->GetName()] = joint;
    }
  }
  for (const auto &entry : joints) std::cout << entry.first << " ";
  for (const auto &entry : parts) std::cout << entry.first << " ";
  std::cout << std::endl;

  physics::ForwardStep::Input input;
  physics::ForwardStep::State state;
  physics::ForwardStep::Output output;
  const std::chrono::duration<double> step(std::stod(argv[3]));
  input.Get<std::chrono::steady_clock::duration>() =
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(step);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string name, kind;
    double value;
    while (words >> name >> kind >> value) {
      auto &joint = joints.at(name);
      if (kind == "velocity") joint->SetVelocityCommand(0, value);
      else if (kind == "position") joint->SetPosition(0, value);
      else joint->SetForce(0, value);
    }
    world->Step(output, state, input);
    std::cout.precision(12);
    for (const auto &entry : joints)
      std::cout << entry.second->GetPosition(0) << " " << entry.second->GetVelocity(0) << " ";
    for (const auto &entry : parts) {
      const auto frame = entry.second->FrameDataRelativeToWorld();
      std::cout << frame.pose.translation().x() << " " << frame.linearVelocity.x() << " ";
    }
    std::cout << std::endl;
  }
  return 0;
}
