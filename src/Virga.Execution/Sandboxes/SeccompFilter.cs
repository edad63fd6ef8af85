using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Virga.Execution.Sandboxes;

/// <summary>
/// The system call filter of sandboxed workers, as a classic BPF program (seccomp(2)). It denies what a language
/// runtime never needs and what has been a way out of containers; the list follows those of Docker and Flatpak.
/// </summary>
internal static class SeccompFilter
{
    // struct seccomp_data: int nr; u32 arch; u64 instruction_pointer; u64 args[6]. All supported machines are little-endian.
    private const uint NumberOffset = 0;
    private const uint ArchitectureOffset = 4;
    private const uint FirstArgumentOffset = 16;
    private const uint SecondArgumentOffset = 24;

    private const ushort Load = 0x20;
    private const ushort JumpIfEqual = 0x15;
    private const ushort JumpIfAtLeast = 0x35;
    private const ushort JumpIfAnyBit = 0x45;
    private const ushort Return = 0x06;

    private const uint Allow = 0x7fff0000;
    private const uint KillProcess = 0x80000000;
    private const uint FailWith = 0x00050000;
    private const uint NotPermitted = FailWith | 1;
    private const uint NotImplemented = FailWith | 38;
    private const uint AddressFamilyNotSupported = FailWith | 97;

    private const uint FirstX32Number = 0x40000000;
    private const int InstructionBytes = 8;

    // CLONE_NEWTIME does not fit: its bit is part of the exit signal in clone(2).
    private const uint NamespaceFlags = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;

    // AF_UNIX, AF_INET, AF_INET6 and AF_NETLINK (the list of interfaces). Others are rarely used code in the kernel,
    // and AF_VSOCK is not confined by a network namespace: it reaches the hypervisor.
    private static readonly uint[] s_addressFamilies = [1, 2, 10, 16];

    // PER_LINUX, and the query that changes nothing.
    private static readonly uint[] s_personalities = [0, 0xffffffff];

    // Both put characters into a terminal's input.
    private static readonly uint[] s_deniedIoctls = [0x5412, 0x541c];

    /// <summary>The program for this machine's architecture.</summary>
    internal static byte[] Program { get; } = Build(RuntimeInformation.ProcessArchitecture);

    internal static byte[] Build(Architecture architecture)
    {
        SystemCallNumbers calls = SystemCallNumbers.For(architecture);
        List<byte> program = [];
        Add(program, Load, ArchitectureOffset);
        Add(program, JumpIfEqual, calls.AuditArchitecture, whenTrue: 1);
        Add(program, Return, KillProcess);
        Add(program, Load, NumberOffset);
        if (architecture == Architecture.X64)
        {
            // The x32 variants of calls have other numbers and would pass the list.
            Add(program, JumpIfAtLeast, FirstX32Number, whenTrue: 0, whenFalse: 1);
            Add(program, Return, KillProcess);
        }

        foreach (uint number in calls.Denied)
        {
            AnswerCall(program, number, NotPermitted);
        }

        // The flags of clone3 are in memory, where a filter cannot look; the C library falls back to clone.
        AnswerCall(program, calls.Clone3, NotImplemented);
        CheckArgument(program, calls.Fork, FirstArgumentOffset, JumpIfAnyBit, [NamespaceFlags], matched: NotPermitted, otherwise: Allow);
        CheckArgument(program, calls.Socket, FirstArgumentOffset, JumpIfEqual, s_addressFamilies, matched: Allow, otherwise: AddressFamilyNotSupported);
        CheckArgument(program, calls.Personality, FirstArgumentOffset, JumpIfEqual, s_personalities, matched: Allow, otherwise: NotPermitted);
        CheckArgument(program, calls.Ioctl, SecondArgumentOffset, JumpIfEqual, s_deniedIoctls, matched: NotPermitted, otherwise: Allow);
        Add(program, Return, Allow);
        return [.. program];
    }

    private static void AnswerCall(List<byte> program, uint number, uint answer)
    {
        Add(program, JumpIfEqual, number, whenTrue: 0, whenFalse: 1);
        Add(program, Return, answer);
    }

    /// <summary>Decides a call by the lower half of one argument; the number is still loaded for other calls.</summary>
    private static void CheckArgument(List<byte> program, uint number, uint offset, ushort test, uint[] values, uint matched, uint otherwise)
    {
        // After the jump: the load, two instructions per value, and the final answer.
        Add(program, JumpIfEqual, number, whenTrue: 0, whenFalse: (byte)(2 + (2 * values.Length)));
        Add(program, Load, offset);
        foreach (uint value in values)
        {
            Add(program, test, value, whenTrue: 0, whenFalse: 1);
            Add(program, Return, matched);
        }

        Add(program, Return, otherwise);
    }

    private static void Add(List<byte> program, ushort code, uint operand, byte whenTrue = 0, byte whenFalse = 0)
    {
        Span<byte> instruction = stackalloc byte[InstructionBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(instruction, code);
        instruction[2] = whenTrue;
        instruction[3] = whenFalse;
        BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], operand);
        program.AddRange(instruction);
    }
}
