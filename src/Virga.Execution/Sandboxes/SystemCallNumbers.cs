using System.Runtime.InteropServices;

namespace Virga.Execution.Sandboxes;

/// <summary>The numbers of the system calls that the filter knows, by architecture.</summary>
internal sealed record SystemCallNumbers(
    uint AuditArchitecture, uint Fork, uint Clone3, uint Socket, uint Personality, uint Ioctl, IReadOnlyList<uint> Denied)
{
    // Since Linux 5.0 new calls have one number for all architectures.
    private static readonly uint[] s_deniedEverywhere =
    [
        425, // io_uring_setup: its requests bypass this filter
        426, // io_uring_enter
        427, // io_uring_register
        428, // open_tree
        429, // move_mount
        430, // fsopen
        431, // fsconfig
        432, // fsmount
        433, // fspick
        438, // pidfd_getfd
        440, // process_madvise
        442, // mount_setattr
        443, // quotactl_fd
        457, // statmount
        458, // listmount
        467, // open_tree_attr
    ];

    private static readonly SystemCallNumbers s_x64 = new(
        0xC000003E,
        Fork: 56,
        Clone3: 435,
        Socket: 41,
        Personality: 135,
        Ioctl: 16,
        [
            .. s_deniedEverywhere,
            101, // ptrace
            103, // syslog
            153, // vhangup
            154, // modify_ldt
            155, // pivot_root
            156, // _sysctl
            161, // chroot
            163, // acct
            164, // settimeofday
            165, // mount
            166, // umount2
            167, // swapon
            168, // swapoff
            169, // reboot
            170, // sethostname
            171, // setdomainname
            172, // iopl
            173, // ioperm
            174, // create_module
            175, // init_module
            176, // delete_module
            177, // get_kernel_syms
            178, // query_module
            179, // quotactl
            180, // nfsservctl
            212, // lookup_dcookie
            227, // clock_settime
            246, // kexec_load
            248, // add_key
            249, // request_key
            250, // keyctl
            272, // unshare
            279, // move_pages
            298, // perf_event_open
            300, // fanotify_init
            303, // name_to_handle_at
            304, // open_by_handle_at
            305, // clock_adjtime
            308, // setns
            310, // process_vm_readv
            311, // process_vm_writev
            312, // kcmp
            313, // finit_module
            320, // kexec_file_load
            321, // bpf
            323, // userfaultfd
        ]);

    private static readonly SystemCallNumbers s_arm64 = new(
        0xC00000B7,
        Fork: 220,
        Clone3: 435,
        Socket: 198,
        Personality: 92,
        Ioctl: 29,
        [
            .. s_deniedEverywhere,
            18, // lookup_dcookie
            39, // umount2
            40, // mount
            41, // pivot_root
            42, // nfsservctl
            51, // chroot
            58, // vhangup
            60, // quotactl
            89, // acct
            97, // unshare
            104, // kexec_load
            105, // init_module
            106, // delete_module
            112, // clock_settime
            116, // syslog
            117, // ptrace
            142, // reboot
            161, // sethostname
            162, // setdomainname
            170, // settimeofday
            217, // add_key
            218, // request_key
            219, // keyctl
            224, // swapon
            225, // swapoff
            239, // move_pages
            241, // perf_event_open
            262, // fanotify_init
            264, // name_to_handle_at
            265, // open_by_handle_at
            266, // clock_adjtime
            268, // setns
            270, // process_vm_readv
            271, // process_vm_writev
            272, // kcmp
            273, // finit_module
            280, // bpf
            282, // userfaultfd
            294, // kexec_file_load
        ]);

    /// <exception cref="PlatformNotSupportedException">The architecture has no table.</exception>
    internal static SystemCallNumbers For(Architecture architecture) => architecture switch
    {
        Architecture.X64 => s_x64,
        Architecture.Arm64 => s_arm64,
        _ => throw new PlatformNotSupportedException($"Sandboxes are supported on x86-64 and arm64, not on {architecture}."),
    };
}
