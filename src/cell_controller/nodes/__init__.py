"""The ROS edge: the only room that imports rclpy and cell_msgs."""
