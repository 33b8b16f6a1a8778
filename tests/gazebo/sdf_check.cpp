// SPDX-License-Identifier: Apache-2.0
// Loads SDF files with the real parser; prints every error; the status says whether there were any.
// After --bodies it prints, as the parser read it, every static body of a world but the ground.
#include <cstring>
#include <iostream>
#include <sdf/Box.hh>
#include <sdf/Collision.hh>
#include <sdf/Cylinder.hh>
#include <sdf/Geometry.hh>
#include <sdf/Link.hh>
#include <sdf/Model.hh>
#include <sdf/Root.hh>
#include <sdf/World.hh>

static void PrintBodies(const sdf::World &world)
{
  for (uint64_t k = 0; k < world.ModelCount(); ++k) {
    const sdf::Model *model = world.ModelByIndex(k);
    const sdf::Collision *body = model->LinkByIndex(0)->CollisionByIndex(0);
    if (body == nullptr || model->Name() == "ground")
      continue;
    const auto pose = model->RawPose();
    std::cout << model->Name() << " at " << pose.Pos() << " yaw " << pose.Rot().Yaw()
              << (model->Static() ? " static" : " moving") << ": ";
    const sdf::Geometry &shape = *body->Geom();
    if (shape.BoxShape() != nullptr)
      std::cout << "box " << shape.BoxShape()->Size();
    else if (shape.CylinderShape() != nullptr)
      std::cout << "cylinder " << shape.CylinderShape()->Radius() << " "
                << shape.CylinderShape()->Length();
    else if (shape.Element()->HasElement("polyline")) {
      // sdformat 12 checks polylines by its schema and has no class for them.
      auto line = shape.Element()->GetElement("polyline");
      std::cout << "polyline";
      for (auto at = line->GetElement("point"); at; at = at->GetNextElement("point"))
        std::cout << " (" << at->Get<ignition::math::Vector2d>() << ")";
      std::cout << " height " << line->Get<double>("height");
    }
    std::cout << "\n";
  }
}

int main(int count, char **names)
{
  int bad = 0;
  bool bodies = false;
  for (int k = 1; k < count; ++k) {
    if (std::strcmp(names[k], "--bodies") == 0) {
      bodies = true;
      continue;
    }
    sdf::Root root;
    for (const auto &error : root.Load(names[k])) {
      std::cout << names[k] << ": " << error.Message() << "\n";
      bad = 1;
    }
    if (root.WorldCount() == 0 && root.Model() == nullptr) {
      std::cout << names[k] << ": neither a world nor a model\n";
      bad = 1;
    } else if (bodies && root.WorldCount() > 0) {
      PrintBodies(*root.WorldByIndex(0));
    }
  }
  return bad;
}
