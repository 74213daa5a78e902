using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FindMe.Faces;

/// <summary>The functions of libvips and of the GObject inside it that decoding needs.</summary>
/// <remarks>
/// No variadic function is called: their calling convention differs on macOS arm64. Operations are made by name and set property by
/// property instead: https://www.libvips.org/API/current/binding.html.
/// </remarks>
internal static unsafe partial class Vips
{
    private const string Library = "vips";

    // GLogLevelFlags: G_LOG_LEVEL_WARNING and G_LOG_LEVEL_CRITICAL, with the flags for fatal and recursive messages.
    private const int WarningsAndWorse = (1 << 4) | (1 << 3) | (1 << 1) | (1 << 0);

    static Vips()
    {
        NativeLibrary.SetDllImportResolver(typeof(Vips).Assembly, Resolve);
        if (Init("FindMe") != 0)
        {
            throw new DllNotFoundException("libvips does not start.");
        }

        // What it thinks of a broken photo is no news for the app's error output; the photo's exception says enough.
        SetLogHandler("VIPS", WarningsAndWorse, &Ignore, 0);
        SetLogHandler("GLib-GObject", WarningsAndWorse, &Ignore, 0);

        // One thread a photo: photos run in parallel. No photo comes twice, so nothing is kept.
        SetConcurrency(1);
        SetCacheMax(0);
        SetCacheMaxMemory(0);
        SetCacheMaxFiles(0);

        // Loaders that were not made for hostile input are off, and so is every format nobody asked for.
        BlockUntrusted(1);
        BlockOperation("VipsForeignLoad", 1);
        foreach (var loader in PhotoFormats.Loaders)
        {
            BlockOperation(loader, 0);
        }

        ImageType = GetImageType();
        BlobType = GetBlobType();
    }

    public static nuint ImageType { get; }

    public static nuint BlobType { get; }

    [LibraryImport(Library, EntryPoint = "vips_operation_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewOperation(string name);

    [LibraryImport(Library, EntryPoint = "vips_object_build")]
    public static partial int Build(nint operation);

    [LibraryImport(Library, EntryPoint = "vips_object_unref_outputs")]
    public static partial void UnrefOutputs(nint operation);

    [LibraryImport(Library, EntryPoint = "vips_object_set_argument_from_string", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetArgument(nint operation, string name, string value);

    [LibraryImport(Library, EntryPoint = "vips_blob_new")]
    public static partial nint NewBlob(nint free, void* data, nuint length);

    [LibraryImport(Library, EntryPoint = "vips_blob_get")]
    public static partial byte* GetBlob(nint blob, out nuint length);

    [LibraryImport(Library, EntryPoint = "vips_area_unref")]
    public static partial void UnrefArea(nint area);

    /// <summary>VipsBandFormat: VIPS_FORMAT_UCHAR.</summary>
    public const int ByteFormat = 0;

    [LibraryImport(Library, EntryPoint = "vips_image_new_from_memory_copy")]
    public static partial nint NewImage(byte* data, nuint length, int width, int height, int bands, int format);

    [LibraryImport(Library, EntryPoint = "vips_image_get_width")]
    public static partial int GetWidth(nint image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_height")]
    public static partial int GetHeight(nint image);

    [LibraryImport(Library, EntryPoint = "vips_image_get_bands")]
    public static partial int GetBands(nint image);

    [LibraryImport(Library, EntryPoint = "vips_image_hasalpha")]
    public static partial int HasAlpha(nint image);

    /// <summary>Bytes of one value of one band.</summary>
    public static int GetBandSize(nint image) => (int)GetFormatSize(GetFormat(image));

    [LibraryImport(Library, EntryPoint = "vips_image_get_orientation_swap")]
    public static partial int SwapsSides(nint image);

    [LibraryImport(Library, EntryPoint = "vips_image_write_to_memory")]
    public static partial byte* WriteToMemory(nint image, out nuint length);

    [LibraryImport(Library, EntryPoint = "vips_error_clear")]
    public static partial void ClearErrors();

    [LibraryImport(Library, EntryPoint = "g_free")]
    public static partial void Free(void* memory);

    [LibraryImport(Library, EntryPoint = "g_object_unref")]
    public static partial void Unref(nint instance);

    [LibraryImport(Library, EntryPoint = "g_object_set_property", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void SetProperty(nint instance, string name, ref Value value);

    [LibraryImport(Library, EntryPoint = "g_object_get_property", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void GetProperty(nint instance, string name, ref Value value);

    [LibraryImport(Library, EntryPoint = "g_value_init")]
    public static partial nint InitValue(ref Value value, nuint type);

    [LibraryImport(Library, EntryPoint = "g_value_unset")]
    public static partial void UnsetValue(ref Value value);

    [LibraryImport(Library, EntryPoint = "g_value_set_object")]
    public static partial void SetObject(ref Value value, nint instance);

    [LibraryImport(Library, EntryPoint = "g_value_dup_object")]
    public static partial nint DupObject(ref Value value);

    [LibraryImport(Library, EntryPoint = "g_value_set_boxed")]
    public static partial void SetBoxed(ref Value value, nint boxed);

    [LibraryImport(Library, EntryPoint = "g_value_get_boxed")]
    public static partial nint GetBoxed(ref Value value);

    [LibraryImport(Library, EntryPoint = "vips_init", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Init(string name);

    [LibraryImport(Library, EntryPoint = "vips_concurrency_set")]
    private static partial void SetConcurrency(int threads);

    [LibraryImport(Library, EntryPoint = "vips_cache_set_max")]
    private static partial void SetCacheMax(int operations);

    [LibraryImport(Library, EntryPoint = "vips_cache_set_max_mem")]
    private static partial void SetCacheMaxMemory(nuint bytes);

    [LibraryImport(Library, EntryPoint = "vips_cache_set_max_files")]
    private static partial void SetCacheMaxFiles(int files);

    [LibraryImport(Library, EntryPoint = "vips_block_untrusted_set")]
    private static partial void BlockUntrusted(int state);

    [LibraryImport(Library, EntryPoint = "vips_operation_block_set", StringMarshalling = StringMarshalling.Utf8)]
    private static partial void BlockOperation(string name, int state);

    [LibraryImport(Library, EntryPoint = "vips_image_get_type")]
    private static partial nuint GetImageType();

    [LibraryImport(Library, EntryPoint = "vips_blob_get_type")]
    private static partial nuint GetBlobType();

    [LibraryImport(Library, EntryPoint = "vips_image_get_format")]
    private static partial int GetFormat(nint image);

    [LibraryImport(Library, EntryPoint = "vips_format_sizeof")]
    private static partial ulong GetFormatSize(int format);

    [LibraryImport(Library, EntryPoint = "g_log_set_handler", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint SetLogHandler(
        string domain,
        int levels,
        delegate* unmanaged[Cdecl]<byte*, int, byte*, nint, void> handler,
        nint data);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Ignore(byte* domain, int level, byte* message, nint data)
    {
    }

    private static nint Resolve(string library, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (library != Library)
        {
            return 0;
        }

        var file = OperatingSystem.IsWindows() ? "libvips-42.dll"
            : OperatingSystem.IsMacOS() ? "libvips-cpp.dylib"
            : "libvips-cpp.so";
        return NativeLibrary.Load(file, assembly, DllImportSearchPath.AssemblyDirectory);
    }

    /// <summary>GObject's GValue: a type and room for two words.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Value
    {
        private readonly nuint _type;
        private readonly ulong _first;
        private readonly ulong _second;
    }
}
