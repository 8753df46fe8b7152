"""A Gazebo server as the machine behind the drives, over the topics of the bridge."""
