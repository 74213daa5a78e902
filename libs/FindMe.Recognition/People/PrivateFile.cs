namespace FindMe.Recognition;

/// <summary>Writes files that hold what people's faces look like: nobody else may read them, and nobody ever finds half of one.</summary>
public static class PrivateFile
{
    /// <summary>Writes a file beside its place, and moves it there when it is whole. On Unix its mode is 0600.</summary>
    /// <remarks>An older file is replaced. An empty one is written to where it is: it may be a device or a pipe, which must stay one.</remarks>
    /// <param name="path">The file; its folder is there. If it is a link, the link is replaced, not what it leads to.</param>
    /// <param name="content">Its bytes.</param>
    /// <exception cref="IOException">The disk is full or broken, or the file is larger than files may be.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        if (new FileInfo(path) is { Exists: true, Length: 0, LinkTarget: null })
        {
            File.WriteAllBytes(path, content);
            return;
        }

        // Hidden, and of another ending: whoever lists the folder for models does not take it for one.
        var temporary = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, $".findme-{Guid.NewGuid():n}.tmp");
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var file = new FileStream(temporary, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (ArgumentOutOfRangeException exception)
        {
            // What .NET makes of EFBIG: a limit on the size of files, of the account or of the file system.
            File.Delete(temporary);
            throw new IOException($"{content.Length / 1e6:0.0} MB are more than a file may have there.", exception);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
