using System.Runtime.InteropServices;
using Google.FlatBuffers;

namespace FindMe.ModelBuilder;

/// <summary>The operators and tensors of a TensorFlow Lite model's only graph.</summary>
/// <remarks>
/// Field numbers are those of schema.fbs (https://github.com/tensorflow/tensorflow/blob/v2.18.0/tensorflow/compiler/mlir/lite/schema/schema.fbs).
/// </remarks>
internal sealed class TfLiteGraph
{
    private TfLiteGraph(IReadOnlyList<TfLiteTensor> tensors, IReadOnlyList<TfLiteOperator> operators, int input, int output)
    {
        Tensors = tensors;
        Operators = operators;
        Input = input;
        Output = output;
    }

    public IReadOnlyList<TfLiteTensor> Tensors { get; }

    /// <summary>The operators in the order of execution.</summary>
    public IReadOnlyList<TfLiteOperator> Operators { get; }

    /// <summary>Index of the input in <see cref="Tensors"/>.</summary>
    public int Input { get; }

    /// <summary>Index of the output in <see cref="Tensors"/>.</summary>
    public int Output { get; }

    /// <summary>Reads a model.</summary>
    /// <param name="file">The content of a <c>.tflite</c> file.</param>
    /// <exception cref="BuildException">It is not such a file.</exception>
    public static TfLiteGraph Read(byte[] file)
    {
        try
        {
            var buffer = new ByteBuffer(file);
            var model = new FlatTable(new Table(buffer.GetInt(0), buffer));
            var codes = model.Tables(1).ConvertAll(code => (TfLiteOperation)code.SByte(0));
            var data = model.Tables(4).ConvertAll(item => item.Bytes(0));
            var graph = model.Tables(2).Single();
            return new TfLiteGraph(
                graph.Tables(0).ConvertAll(tensor => new TfLiteTensor(tensor.Ints(0), data[tensor.Int(2)])),
                graph.Tables(3).ConvertAll(item => new TfLiteOperator(codes[item.Int(0)], item.Ints(1), item.Ints(2).Single(), item.Child(4))),
                graph.Ints(1).Single(),
                graph.Ints(2).Single());
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new BuildException($"the file is not a TensorFlow Lite model with one graph: {exception.Message}");
        }
    }
}

/// <summary>Operators that occur in the models here, with their codes in the schema.</summary>
internal enum TfLiteOperation
{
    Add = 0,
    Conv2D = 3,
    DepthwiseConv2D = 4,
    Multiply = 18,
    Relu = 19,
    Reshape = 22,
    Subtract = 41,
    Absolute = 101,
}

/// <param name="Shape">Its dimensions; NHWC for pictures.</param>
/// <param name="Data">Little-endian floats of a constant; empty for a computed tensor.</param>
internal sealed record TfLiteTensor(int[] Shape, ReadOnlyMemory<byte> Data)
{
    public bool IsConstant => !Data.IsEmpty;

    public float[] Floats() => MemoryMarshal.Cast<byte, float>(Data.Span).ToArray();
}

/// <param name="Operation">What it computes.</param>
/// <param name="Inputs">Indices of its inputs.</param>
/// <param name="Output">Index of its output.</param>
/// <param name="Options">The table of its options; null without options.</param>
internal sealed record TfLiteOperator(TfLiteOperation Operation, int[] Inputs, int Output, FlatTable? Options);

/// <summary>A table of a FlatBuffer, whose fields are read by their number in the schema.</summary>
internal readonly struct FlatTable(Table table)
{
    private const int FirstField = 4;

    // The offset of a field in the table; 0 if the table leaves it out, which means its default.
    private int OffsetOf(int field) => table.__offset(FirstField + (2 * field));

    public sbyte SByte(int field) => OffsetOf(field) is not 0 and var offset ? table.bb.GetSbyte(table.bb_pos + offset) : (sbyte)0;

    public int Int(int field) => OffsetOf(field) is not 0 and var offset ? table.bb.GetInt(table.bb_pos + offset) : 0;

    public FlatTable? Child(int field) =>
        OffsetOf(field) is not 0 and var offset ? new FlatTable(new Table(table.__indirect(table.bb_pos + offset), table.bb)) : null;

    public int[] Ints(int field)
    {
        var offset = OffsetOf(field);
        var numbers = new int[offset == 0 ? 0 : table.__vector_len(offset)];
        for (var index = 0; index < numbers.Length; index++)
        {
            numbers[index] = table.bb.GetInt(table.__vector(offset) + (index * sizeof(int)));
        }

        return numbers;
    }

    public ReadOnlyMemory<byte> Bytes(int field) => OffsetOf(field) is not 0 and var offset
        ? table.bb.ToArray<byte>(table.__vector(offset), table.__vector_len(offset))
        : default(ReadOnlyMemory<byte>);

    public List<FlatTable> Tables(int field)
    {
        var result = new List<FlatTable>();
        if (OffsetOf(field) is not 0 and var offset)
        {
            var start = table.__vector(offset);
            for (var index = 0; index < table.__vector_len(offset); index++)
            {
                result.Add(new FlatTable(new Table(table.__indirect(start + (index * sizeof(int))), table.bb)));
            }
        }

        return result;
    }
}
