using System.Globalization;
using System.Runtime.InteropServices;

namespace FindMe.Recognition.Tests;

/// <summary>Lets ONNX Runtime in another process believe that the processor has neither AVX-512 nor VNNI.</summary>
/// <remarks><c>older_processor.c</c> describes how.</remarks>
internal sealed class OlderProcessor : IDisposable
{
    private const string Library = "libonnxruntime.so";

    private readonly TemporaryFolder _folder = new();

    /// <summary>The environment variables of such a process.</summary>
    public (string Name, string Value)[] Environment => [("LD_PRELOAD", _folder["older_processor.so"]), ("OLDER_PROCESSOR_LIBRARY", _folder[Library])];

    /// <summary>Creates it for an app. Skips the test where there is no C compiler or disassembler for x86-64 Linux.</summary>
    /// <param name="app">The app's assembly.</param>
    public static async Task<OlderProcessor> CreateAsync(string app)
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "only on x86-64 do results depend on VNNI, and only Linux preloads libraries");
        Assert.SkipUnless(HasProgram("gcc") && HasProgram("objdump"), "needs gcc and objdump (apt: gcc, binutils)");
        var processor = new OlderProcessor();
        try
        {
            var source = Path.Combine(Checkouts.Root, "tests", "FindMe.Recognition.Tests", "Processors", "older_processor.c");
            var compiled = await Shell.RunAsync("gcc", ["-O1", "-shared", "-fPIC", "-Wall", "-Werror", "-o", processor._folder["older_processor.so"], source, "-ldl"]);
            Assert.True(compiled.Code == 0, compiled.Errors);
            await processor.CopyLibraryAsync(Path.Combine(Path.GetDirectoryName(app)!, "runtimes", "linux-x64", "native", Library));
            return processor;
        }
        catch
        {
            processor.Dispose();
            throw;
        }
    }

    public void Dispose() => _folder.Dispose();

    // Replaces CPUID (0F A2) with UD2 (0F 0B). Only a disassembler tells where these bytes are an instruction.
    private async Task CopyLibraryAsync(string library)
    {
        var bytes = await File.ReadAllBytesAsync(library, TestContext.Current.CancellationToken);
        var sections = await Shell.RunAsync("objdump", ["--section-headers", library]);
        var disassembly = await Shell.RunAsync("objdump", ["--disassemble", "--no-show-raw-insn", "--section=.text", library]);

        // "11 .text 012d3f5a 00000000004c2000 00000000004c2000 004c2000 2**12": size, address, load address, offset in the file.
        var text = sections.Lines.Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Single(fields => fields is [_, ".text", ..]);
        var shift = Hexadecimal(text[5]) - Hexadecimal(text[3]);
        var instructions = disassembly.Lines.Where(line => line.EndsWith("\tcpuid", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(instructions);
        foreach (var instruction in instructions)
        {
            var offset = Hexadecimal(instruction[..instruction.IndexOf(':', StringComparison.Ordinal)]) + shift;
            Assert.Equal<byte>([0x0F, 0xA2], bytes[(int)offset..(int)(offset + 2)]);
            bytes[offset + 1] = 0x0B;
        }

        await File.WriteAllBytesAsync(_folder[Library], bytes, TestContext.Current.CancellationToken);
    }

    private static long Hexadecimal(string digits) => long.Parse(digits.Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static bool HasProgram(string name) => (System.Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, name)));
}
