"""What ROS tools look at: joint states, transforms, robot description, diagnostics. It only reads."""

from cell_controller.display.unit import Display as Display
