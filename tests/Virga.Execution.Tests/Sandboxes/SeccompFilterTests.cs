using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Virga.Execution.Sandboxes;

namespace Virga.Execution.Tests.Sandboxes;

/// <summary>Runs the filter's program as the kernel does, so that the other architecture is tested as well.</summary>
public sealed class SeccompFilterTests
{
    private const uint Allow = 0x7fff0000;
    private const uint Kill = 0x80000000;
    private const uint NotPermitted = 0x00050001;
    private const uint X64 = 0xC000003E;
    private const uint Arm64 = 0xC00000B7;

    [Theory]
    [InlineData(Architecture.X64, X64, 0u)]
    [InlineData(Architecture.X64, X64, 59u)]
    [InlineData(Architecture.Arm64, Arm64, 63u)]
    [InlineData(Architecture.Arm64, Arm64, 221u)]
    public void Reading_and_executing_are_allowed(Architecture architecture, uint audit, uint call)
    {
        Run(architecture, audit, call).ShouldBe(Allow);
    }

    [Theory]
    [InlineData(Architecture.X64, X64, 165u)]
    [InlineData(Architecture.X64, X64, 321u)]
    [InlineData(Architecture.X64, X64, 467u)]
    [InlineData(Architecture.Arm64, Arm64, 40u)]
    [InlineData(Architecture.Arm64, Arm64, 280u)]
    [InlineData(Architecture.Arm64, Arm64, 425u)]
    public void Mounting_bpf_and_the_newest_calls_are_denied(Architecture architecture, uint audit, uint call)
    {
        Run(architecture, audit, call).ShouldBe(NotPermitted);
    }

    [Theory]
    [InlineData(Architecture.X64, X64, 56u)]
    [InlineData(Architecture.Arm64, Arm64, 220u)]
    public void Threads_may_be_made_but_no_namespaces(Architecture architecture, uint audit, uint clone)
    {
        const uint thread = 0x003d0f00;
        const uint newNetwork = 0x40000000;

        Run(architecture, audit, clone, thread).ShouldBe(Allow);
        Run(architecture, audit, clone, thread | newNetwork).ShouldBe(NotPermitted);
    }

    [Fact]
    public void Calls_of_another_architecture_kill()
    {
        Run(Architecture.X64, Arm64, 63).ShouldBe(Kill);
        Run(Architecture.Arm64, X64, 0).ShouldBe(Kill);
        Run(Architecture.X64, X64, 0x40000000).ShouldBe(Kill);
    }

    private static uint Run(Architecture architecture, uint audit, uint call, uint firstArgument = 0)
    {
        Span<byte> data = stackalloc byte[64];
        BinaryPrimitives.WriteUInt32LittleEndian(data, call);
        BinaryPrimitives.WriteUInt32LittleEndian(data[4..], audit);
        BinaryPrimitives.WriteUInt32LittleEndian(data[16..], firstArgument);
        ReadOnlySpan<byte> program = SeccompFilter.Build(architecture);
        uint accumulator = 0;
        for (int at = 0; ; at++)
        {
            ReadOnlySpan<byte> instruction = program.Slice(at * 8, 8);
            uint operand = BinaryPrimitives.ReadUInt32LittleEndian(instruction[4..]);
            switch (BinaryPrimitives.ReadUInt16LittleEndian(instruction))
            {
                case 0x20:
                    accumulator = BinaryPrimitives.ReadUInt32LittleEndian(data[(int)operand..]);
                    break;
                case 0x15:
                    at += accumulator == operand ? instruction[2] : instruction[3];
                    break;
                case 0x35:
                    at += accumulator >= operand ? instruction[2] : instruction[3];
                    break;
                case 0x45:
                    at += (accumulator & operand) != 0 ? instruction[2] : instruction[3];
                    break;
                case 0x06:
                    return operand;
                default:
                    throw new InvalidOperationException("Not an instruction of the filter.");
            }
        }
    }
}
