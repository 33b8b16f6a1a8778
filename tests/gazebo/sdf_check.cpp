// SPDX-License-Identifier: Apache-2.0
// Loads SDF files with the real parser; prints every error; the status says whether there were any.
#include <iostream>
#include <sdf/Root.hh>

int main(int count, char **names)
{
  int bad = 0;
  for (int k = 1; k < count; ++k) {
    sdf::Root root;
    for (const auto &error : root.Load(names[k])) {
      std::cout << names[k] << ": " << error.Message() << "\n";
      bad = 1;
    }
    if (root.WorldCount() == 0 && root.Model() == nullptr) {
      std::cout << names[k] << ": neither a world nor a model\n";
      bad = 1;
    }
  }
  return bad;
}
