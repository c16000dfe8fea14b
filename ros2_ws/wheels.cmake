# Makes interfaces build against the ROS 2 wheels from PyPI; pass it as -DCMAKE_PROJECT_INCLUDE. With ROS 2 from apt it is not needed.
#
# Each wheel exports a target <package>__rosidl_generator_py whose include folders are those of the machine that built the wheel
# (/opt/python/cp311-cp311/…). They do not exist here, and CMake refuses to link against a target with a missing include folder. The
# targets appear only during find_package, so the folders are put right once the project's own CMakeLists.txt has been read.
cmake_minimum_required(VERSION 3.21)

function(skillkit_use_python_of_this_machine)
  find_package(Python3 REQUIRED COMPONENTS Interpreter Development.Module NumPy)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    if(target MATCHES "__rosidl_generator_py$")
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${Python3_INCLUDE_DIRS};${Python3_NumPy_INCLUDE_DIRS}")
    endif()
  endforeach()
endfunction()

cmake_language(DEFER CALL skillkit_use_python_of_this_machine)
