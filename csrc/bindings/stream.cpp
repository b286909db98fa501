// Stream: layers stepped one element at a time, on NumPy arrays (any C-contiguous buffer) or on addresses.
#include "bindings/stream.hpp"

#include <cstring>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

#include "bindings/arguments.hpp"
#include "isa/level.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace {

constexpr int64_t kLongStep = 1 << 18;  // products in a step from which other Python threads are let in

// A view of a Python object's memory, for the length of a scope.
class Buffer {
 public:
  ~Buffer() {
    if (open_) PyBuffer_Release(&buffer_);
  }
  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // False without an error when the object has no such memory.
  bool open(PyObject* object, int flags) {
    open_ = PyObject_GetBuffer(object, &buffer_, flags) == 0;
    if (!open_) PyErr_Clear();
    return open_;
  }
  bool fits(const char* format, int64_t rows, int64_t columns) const {
    return buffer_.ndim == 2 && buffer_.shape[0] == rows && buffer_.shape[1] == columns && !std::strcmp(buffer_.format, format);
  }
  void* data() const { return buffer_.buf; }

 private:
  Py_buffer buffer_;
  bool open_ = false;
};

// The same, or ShapeError.
class View : public Buffer {
 public:
  View(nb::handle object, const char* name, bool writable, const char* format, int64_t rows, int64_t columns) {
    const int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (open(object.ptr(), flags) && fits(format, rows, columns)) return;
    const nb::object error = nb::module_::import_("elman.errors").attr("ShapeError");
    PyErr_Format(error.ptr(), "%s must be a C-contiguous array of shape (%lld, %lld) and dtype %s. Use numpy.ascontiguousarray first.", name,
                 static_cast<long long>(rows), static_cast<long long>(columns), *format == 'f' ? "float32" : "float64");
    throw nb::python_error();
  }
};

class Stream {
 public:
  Stream(bool is_double, int64_t count) : is_double_(is_double), count_(count) {}

  void add(nb::tuple sizes, nb::tuple numbers, nb::tuple addresses) {
    if (!elman::fits(sizes, numbers, addresses)) throw nb::value_error("sizes, numbers and addresses must have the lengths that the module gives");
    elman::Shape shape = elman::read_shape(sizes.ptr(), numbers.ptr(), 0);
    shape.count = count_;
    std::unique_ptr<elman::StreamLayer> layer(
        is_double_ ? elman::level().stream_double(shape, elman::read_tensors<double>(addresses.ptr()))
                   : elman::level().stream_float(shape, elman::read_tensors<float>(addresses.ptr())));
    if (!layer || !layer->ready()) throw std::bad_alloc();
    if (layers_.empty()) inputs_ = shape.inputs;
    hidden_ = shape.hidden;
    work_ += count_ * elman::gate_count(shape.cell) * shape.hidden * (shape.inputs + shape.hidden);
    layers_.push_back(std::move(layer));
    between_.emplace_back(static_cast<size_t>(count_ * hidden_) * (is_double_ ? 8 : 4));
  }

  // Makers of a quick step's output: new_array(shape, dtype), and new_tensor(like).
  void outputs(nb::object new_array, nb::object shape, nb::object dtype, nb::object new_tensor, nb::object like) {
    new_array_ = std::move(new_array), shape_ = std::move(shape), dtype_ = std::move(dtype);
    new_tensor_ = std::move(new_tensor), like_ = std::move(like);
    tensor_dtype_ = like_.attr("dtype");
    tensor_type_ = nb::borrow(reinterpret_cast<PyObject*>(Py_TYPE(like_.ptr())));
  }

  // A step as quick as Python allows: the output for an array or a tensor just as the stream wants it, NotImplemented for anything else.
  PyObject* quick_step(PyObject* x) {
    if (Py_TYPE(x) == reinterpret_cast<PyTypeObject*>(tensor_type_.ptr())) return tensor_step(x);
    return array_step(x);
  }

  nb::object step(nb::object x, nb::object out) {
    const char* format = is_double_ ? "d" : "f";
    const View from(x, "x", false, format, count_, inputs_);
    const View to(out, "out", true, format, count_, hidden_);
    run(from.data(), to.data());
    return out;
  }

  void step_at(uint64_t x, uint64_t y) {
    run(reinterpret_cast<const void*>(static_cast<uintptr_t>(x)), reinterpret_cast<void*>(static_cast<uintptr_t>(y)));
  }

  void get_state(size_t layer, uint64_t h, uint64_t c) {
    const std::lock_guard<std::mutex> alone(mutex_);
    layers_.at(layer)->get_state(reinterpret_cast<void*>(static_cast<uintptr_t>(h)), reinterpret_cast<void*>(static_cast<uintptr_t>(c)));
  }

  void set_state(size_t layer, uint64_t h, uint64_t c) {
    const std::lock_guard<std::mutex> alone(mutex_);
    layers_.at(layer)->set_state(reinterpret_cast<const void*>(static_cast<uintptr_t>(h)),
                                 reinterpret_cast<const void*>(static_cast<uintptr_t>(c)));
  }

 private:
  static PyObject* not_wanted() { return Py_NewRef(Py_NotImplemented); }

  PyObject* array_step(PyObject* x) {
    if (!PyObject_CheckBuffer(x)) return not_wanted();
    Buffer from;
    if (!from.open(x, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) || !from.fits(is_double_ ? "d" : "f", count_, inputs_)) return not_wanted();
    PyObject* const arguments[] = {shape_.ptr(), dtype_.ptr()};
    nb::object out = nb::steal(PyObject_Vectorcall(new_array_.ptr(), arguments, 2, nullptr));
    Buffer to;
    if (!out.is_valid() || !to.open(out.ptr(), PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE)) return nullptr;
    run(from.data(), to.data());
    return out.release().ptr();
  }

  PyObject* tensor_step(PyObject* x) {
    if (!is_wanted(x)) return PyErr_Occurred() ? nullptr : not_wanted();
    PyObject* const arguments[] = {like_.ptr()};
    nb::object out = nb::steal(PyObject_Vectorcall(new_tensor_.ptr(), arguments, 1, nullptr));
    if (!out.is_valid()) return nullptr;
    void *from = address(x), *to = address(out.ptr());
    if (PyErr_Occurred()) return nullptr;
    if (from == nullptr) return not_wanted();  // a zero tensor of torch's derivative formulas has no memory
    run(from, to);
    return out.release().ptr();
  }

  // Whether a tensor lies contiguous on the CPU, not negated, with the dtype and shape of this stream's input.
  bool is_wanted(PyObject* x) const {
    static PyObject *const is_cpu = PyUnicode_InternFromString("is_cpu"), *const dtype = PyUnicode_InternFromString("dtype"),
                           *const shape = PyUnicode_InternFromString("shape"), *const is_contiguous = PyUnicode_InternFromString("is_contiguous"),
                           *const is_neg = PyUnicode_InternFromString("is_neg");
    if (nb::steal(PyObject_GetAttr(x, is_cpu)).ptr() != Py_True) return false;
    if (nb::steal(PyObject_GetAttr(x, dtype)).ptr() != tensor_dtype_.ptr()) return false;
    const nb::object sizes = nb::steal(PyObject_GetAttr(x, shape));
    if (!sizes.is_valid() || PyTuple_GET_SIZE(sizes.ptr()) != 2) return false;
    if (elman::number_at(sizes.ptr(), 0) != count_ || elman::number_at(sizes.ptr(), 1) != inputs_) return false;
    if (nb::steal(PyObject_VectorcallMethod(is_contiguous, &x, 1, nullptr)).ptr() != Py_True) return false;
    return nb::steal(PyObject_VectorcallMethod(is_neg, &x, 1, nullptr)).ptr() == Py_False;  // the memory of a negated view holds other signs
  }

  static void* address(PyObject* tensor) {
    static PyObject* const data_ptr = PyUnicode_InternFromString("data_ptr");
    const nb::object found = nb::steal(PyObject_VectorcallMethod(data_ptr, &tensor, 1, nullptr));
    return found.is_valid() ? PyLong_AsVoidPtr(found.ptr()) : nullptr;
  }

  void run(const void* x, void* y) {
    if (work_ < kLongStep) {
      walk(x, y);
      return;
    }
    nb::gil_scoped_release free_the_interpreter;
    walk(x, y);
  }

  // The lock is never waited for with the interpreter held by a short step: whoever holds it there also held the interpreter.
  void walk(const void* x, void* y) {
    const std::lock_guard<std::mutex> alone(mutex_);
    for (size_t i = 0; i < layers_.size(); ++i) {
      void* to = i + 1 == layers_.size() ? y : between_[i].data();
      layers_[i]->step(x, to);
      x = to;
    }
  }

  bool is_double_;
  int64_t count_, inputs_ = 0, hidden_ = 0, work_ = 0;
  std::vector<std::unique_ptr<elman::StreamLayer>> layers_;
  std::vector<std::vector<char>> between_;  // outputs of all layers but the last
  std::mutex mutex_;
  nb::object new_array_, shape_, dtype_, new_tensor_, like_, tensor_dtype_, tensor_type_;
};

// Addresses of (n,) arrays; short work, so the interpreter is kept.
int64_t draw(bool is_double, uint64_t scores, uint64_t bias, int64_t n, double uniform, double cold, uint64_t chances) {
  const auto at = [](uint64_t address) { return reinterpret_cast<void*>(static_cast<uintptr_t>(address)); };
  if (is_double) {
    return elman::level().draw_double(static_cast<const double*>(at(scores)), static_cast<const double*>(at(bias)), n, uniform, cold,
                                      static_cast<double*>(at(chances)));
  }
  return elman::level().draw_float(static_cast<const float*>(at(scores)), static_cast<const float*>(at(bias)), n, uniform, cold,
                                   static_cast<float*>(at(chances)));
}
// A function bound to a stream, called without nanobind's matching of arguments, which would cost as much as a small step.
PyObject* call_quick_step(PyObject* stream, PyObject* x) { return nb::inst_ptr<Stream>(stream)->quick_step(x); }

PyMethodDef quick_step{"quick_step", call_quick_step, METH_O, "One step into new memory; NotImplemented for an input that is not just as expected."};

nb::object quick_step_of(nb::handle stream) { return nb::steal(PyCFunction_New(&quick_step, stream.ptr())); }

}  // namespace

void bind_stream(nb::module_& module) {
  nb::class_<Stream>(module, "Stream", "Layers stepped one element at a time; weights are packed when a layer is added.")
      .def(nb::init<bool, int64_t>(), "is_double"_a, "count"_a)
      .def("add", &Stream::add, "sizes"_a, "numbers"_a, "addresses"_a, "Add a layer on top; its state starts from h_0 and c_0.")
      .def("outputs", &Stream::outputs, "new_array"_a, "shape"_a, "dtype"_a, "new_tensor"_a, "like"_a, "Set the makers of the outputs of quick steps.")
      .def("quick_step", &quick_step_of, "A function of x for quick steps; it keeps the stream alive.")
      .def("step", &Stream::step, "x"_a, "out"_a, "One step of every sequence: (count, I) into out (count, H), which is returned.")
      .def("step_at", &Stream::step_at, "x"_a, "y"_a, "The same on the addresses of contiguous memory.")
      .def("get_state", &Stream::get_state, "layer"_a, "h"_a, "c"_a, "Copy a layer's state to addresses.")
      .def("set_state", &Stream::set_state, "layer"_a, "h"_a, "c"_a, "Copy a layer's state from addresses.");
  module.def("draw", &draw, "is_double"_a, "scores"_a, "bias"_a, "n"_a, "uniform"_a, "cold"_a, "chances"_a,
             "The class at `uniform` of the cumulated exp((scores + bias) * cold); all (n,), chances is scratch.");
}
