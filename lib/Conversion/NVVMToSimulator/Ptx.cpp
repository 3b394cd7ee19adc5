//===- Ptx.cpp - Instructions in the text of an asm op --------------------===//

#include "moe/Conversion/Ptx.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::moe;
using llvm::StringRef;

StringRef PtxInstruction::getName() const {
  return StringRef(opcode).split('.').first;
}

std::vector<StringRef> PtxInstruction::getModifiers() const {
  llvm::SmallVector<StringRef> parts;
  StringRef(opcode).split(parts, '.');
  return {parts.begin() + 1, parts.end()};
}

namespace {
class Parser {
public:
  explicit Parser(StringRef text) : rest(text) {}

  llvm::Expected<std::vector<PtxInstruction>> run() {
    std::vector<PtxInstruction> instructions;
    for (skip(); !rest.empty(); skip()) {
      // Braces between instructions only limit the scope of names.
      if (rest.consume_front("{") || rest.consume_front("}") ||
          rest.consume_front(";"))
        continue;
      PtxInstruction instruction;
      if (!parse(instruction))
        return llvm::createStringError("PTX that cannot be read at '" +
                                       rest.take_front(20) + "'");
      if (instruction.opcode != ".reg")
        instructions.push_back(std::move(instruction));
    }
    return instructions;
  }

private:
  void skip() {
    rest = rest.ltrim();
    while (rest.starts_with("//"))
      rest = rest.drop_until([](char c) { return c == '\n'; }).ltrim();
  }

  bool consume(StringRef token) {
    skip();
    return rest.consume_front(token);
  }

  StringRef takeName() {
    StringRef name = rest.take_while([](char c) {
      return llvm::isAlnum(c) || c == '_' || c == '%' || c == '.' || c == ':' ||
             c == '$';
    });
    rest = rest.drop_front(name.size());
    return name;
  }

  bool parse(PtxInstruction &instruction) {
    if (consume("@")) {
      instruction.guardNegated = consume("!");
      instruction.guard.emplace_back();
      if (!parse(instruction.guard.front()))
        return false;
      skip();
    }
    instruction.opcode = takeName().str();
    if (instruction.opcode.empty() || instruction.opcode.back() == ':')
      return false;
    if (instruction.opcode == ".reg") {
      rest = rest.drop_until([](char c) { return c == ';'; });
      return consume(";");
    }
    if (consume(";"))
      return true;
    return parseList(instruction.operands, ";");
  }

  bool parseList(std::vector<PtxOperand> &operands, StringRef end) {
    do {
      if (!parse(operands.emplace_back()))
        return false;
      // `p|q` names two results.
    } while (consume(",") || consume("|"));
    return consume(end);
  }

  bool parse(PtxOperand &operand) {
    skip();
    if (rest.consume_front("{")) {
      operand.kind = PtxOperand::Kind::Vector;
      return parseList(operand.elements, "}");
    }
    if (rest.consume_front("[")) {
      operand.kind = PtxOperand::Kind::Address;
      if (!parse(operand.elements.emplace_back()))
        return false;
      PtxOperand offset;
      if (consume("+")) {
        if (!parse(offset) || offset.kind != PtxOperand::Kind::Immediate)
          return false;
        operand.value = offset.value;
      }
      return consume("]");
    }
    if (rest.consume_front("$")) {
      operand.kind = PtxOperand::Kind::Slot;
      return !rest.consumeInteger(10, operand.slot);
    }
    return parseNumber(operand) || parseRegister(operand);
  }

  bool parseNumber(PtxOperand &operand) {
    StringRef number = rest;
    if (number.consume_front("0f") || number.consume_front("0F")) {
      if (number.consumeInteger(16, operand.value))
        return false;
    } else {
      bool negative = number.consume_front("-");
      if (number.consumeInteger(0, operand.value))
        return false;
      number.consume_front("U");
      if (negative)
        operand.value = ~operand.value + 1;
    }
    operand.kind = PtxOperand::Kind::Immediate;
    rest = number;
    return true;
  }

  bool parseRegister(PtxOperand &operand) {
    operand.kind = PtxOperand::Kind::Register;
    operand.name = takeName().str();
    return !operand.name.empty() && !llvm::isDigit(operand.name.front());
  }

  StringRef rest;
};
} // namespace

llvm::Expected<std::vector<PtxInstruction>>
mlir::moe::parsePtx(StringRef text) {
  // The last instruction may lack its semicolon.
  std::string terminated = (text + ";").str();
  return Parser(terminated).run();
}
