// RUN: moe-opt %s --moe-outline-kernels --split-input-file --verify-diagnostics

func.func @result(%x: memref<8xindex>) -> index {
  %c0 = arith.constant 0 : index
  // expected-error @below {{computes a number on the device that others use, expected it to be kept by moe-keep-scalars}}
  %n = memref.load %x[%c0] : memref<8xindex>
  return %n : index
}

// -----

func.func @unbounded(%x: memref<8xindex>, %workspace: memref<?xi8>) -> index {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %slot = memref.view %workspace[%c0][] : memref<?xi8> to memref<index>
  memref.store %c3, %slot[] : memref<index>
  %kept = memref.load %slot[] : memref<index>
  // expected-error @below {{needs a number on the host that the device computes}}
  return %kept : index
}

// -----

func.func private @other()
func.func @call(%x: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{launches kernels or calls functions inside control flow, expected them in the function's body}}
  scf.for %i = %c0 to %n step %c1 {
    memref.store %zero, %x[%i] : memref<?xf32>
    func.call @other() : () -> ()
  }
  return
}

// -----

func.func @strided(%x: memref<8xf32, strided<[2]>>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{uses a value of type 'memref<8xf32, strided<[2]>>' that a kernel cannot be given}}
  memref.store %zero, %x[%c0] : memref<8xf32, strided<[2]>>
  return
}

// -----

func.func @combiner(%x: memref<?x8xf32>, %y: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  scf.parallel (%row) = (%c0) to (%n) step (%c1) {
    %sum = scf.parallel (%column) = (%c0) to (%c8) step (%c1) init (%zero) -> f32 {
      %in = memref.load %x[%row, %column] : memref<?x8xf32>
      // expected-error @below {{reduces by an operation of which lanes do not know the neutral element}}
      scf.reduce(%in : f32) {
      ^bb0(%a: f32, %b: f32):
        %c = arith.subf %a, %b : f32
        scf.reduce.return %c : f32
      }
    }
    memref.store %sum, %y[%row] : memref<?xf32>
  }
  return
}

// -----

// expected-error @below {{has branches between blocks, expected structured control flow}}
func.func @branches(%x: memref<f32>) {
  cf.br ^end
^end:
  return
}
