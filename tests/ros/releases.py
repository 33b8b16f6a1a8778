# SPDX-License-Identifier: Apache-2.0
"""
What this project uses of rclpy, launch and launch_ros, and the first release that has it.

Read from the sources of rclpy 3.3.15 (Humble) and 7.1.3 (Jazzy), launch and launch_ros of the
branches humble and jazzy; Kilted is the rclpy 9.1 that the tests run on.
"""

HUMBLE, JAZZY, KILTED = 'Humble', 'Jazzy', 'Kilted'
# (module, name): first release; the later a release, the more it needs another way for Humble.
NAMES = {
    ('rclpy', 'rclpy'): HUMBLE,
    ('rclpy.callback_groups', 'ReentrantCallbackGroup'): HUMBLE,
    ('rclpy.duration', 'Duration'): HUMBLE,
    ('rclpy.event_handler', 'PublisherEventCallbacks'): JAZZY,
    ('rclpy.event_handler', 'SubscriptionEventCallbacks'): JAZZY,
    ('rclpy.executors', 'SingleThreadedExecutor'): HUMBLE,
    ('rclpy.experimental.events_executor', 'EventsExecutor'): KILTED,
    ('rclpy.lifecycle', 'LifecycleNode'): HUMBLE,
    ('rclpy.lifecycle', 'LifecycleState'): HUMBLE,
    ('rclpy.lifecycle', 'TransitionCallbackReturn'): HUMBLE,
    ('rclpy.node', 'Node'): HUMBLE,
    ('rclpy.parameter', 'Parameter'): HUMBLE,
    ('rclpy.qos', 'DurabilityPolicy'): HUMBLE,
    ('rclpy.qos', 'HistoryPolicy'): HUMBLE,
    ('rclpy.qos', 'QoSProfile'): HUMBLE,
    ('rclpy.qos', 'ReliabilityPolicy'): HUMBLE,
    ('rclpy.qos_event', 'PublisherEventCallbacks'): HUMBLE,
    ('rclpy.qos_event', 'SubscriptionEventCallbacks'): HUMBLE,
    ('rclpy.signals', 'SignalHandlerOptions'): HUMBLE,
    ('rclpy.task', 'Future'): HUMBLE,
    ('rclpy.utilities', 'remove_ros_args'): HUMBLE,
    ('launch', 'LaunchDescription'): HUMBLE,
    ('launch.actions', 'DeclareLaunchArgument'): HUMBLE,
    ('launch.actions', 'ExecuteProcess'): HUMBLE,
    ('launch.actions', 'GroupAction'): HUMBLE,
    ('launch.actions', 'IncludeLaunchDescription'): HUMBLE,
    ('launch.actions', 'LogInfo'): HUMBLE,
    ('launch.actions', 'OpaqueFunction'): HUMBLE,
    ('launch.actions', 'SetEnvironmentVariable'): HUMBLE,
    ('launch.actions', 'Shutdown'): HUMBLE,
    ('launch.actions', 'TimerAction'): HUMBLE,
    ('launch.launch_description_sources', 'PythonLaunchDescriptionSource'): HUMBLE,
    ('launch.logging', 'get_logger'): HUMBLE,
    ('launch.substitutions', 'LaunchConfiguration'): HUMBLE,
    ('launch.substitutions', 'PathJoinSubstitution'): HUMBLE,
    ('launch_ros.actions', 'Node'): HUMBLE,
    ('launch_ros.substitutions', 'ExecutableInPackage'): HUMBLE,
    ('launch_ros.substitutions', 'FindPackageShare'): HUMBLE,
}
# Keywords that Humble takes, of what is called with keywords.
KEYWORDS = {
    'create_publisher': {'event_callbacks', 'callback_group', 'qos_overriding_options'},
    'create_subscription': {
        'event_callbacks', 'callback_group', 'qos_overriding_options', 'raw'},
    'create_service': {'callback_group', 'qos_profile'},
    'create_client': {'callback_group', 'qos_profile'},
    'declare_parameter': {'descriptor', 'ignore_override'},
    'PublisherEventCallbacks': {
        'deadline', 'liveliness', 'incompatible_qos', 'use_default_callbacks'},
    'SubscriptionEventCallbacks': {
        'deadline', 'liveliness', 'incompatible_qos', 'message_lost', 'use_default_callbacks'},
    'QoSProfile': {
        'history', 'depth', 'reliability', 'durability', 'lifespan', 'deadline', 'liveliness',
        'liveliness_lease_duration', 'avoid_ros_namespace_conventions'},
    'ParameterDescriptor': {
        'name', 'type', 'description', 'additional_constraints', 'read_only', 'dynamic_typing',
        'floating_point_range', 'integer_range'},
    'DeclareLaunchArgument': {'default_value', 'description', 'choices'},
    'TimerAction': {'period', 'actions', 'cancel_on_shutdown'},
    'GroupAction': {'actions', 'scoped', 'forwarding', 'launch_configurations'},
    'IncludeLaunchDescription': {'launch_arguments'},
    'ExecuteProcess': {'cmd', 'name', 'cwd', 'env', 'additional_env', 'output', 'on_exit'},
}
